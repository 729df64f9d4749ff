"""Pages as a browser shows them: on a screen, in the dark and on paper."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from spikeloom.comparison import compare
from spikeloom.report import Run, render
from spikeloom.report.pair import render_pair
from tests.spikeloom.runs import deep, placed, powered, recorded, searched

pytestmark = pytest.mark.browser

SECTIONS = ("figures", "front", "pipeline", "layers", "energy", "fpga", "neurons", "device",
            "provenance")

# Elements with text of their own, their contrast to what is behind them, and whether they stick
# out of the page or, text of a plot, of their card.
TEXTS = """() => {
  const numbers = color => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const color = numbers(getComputedStyle(e).backgroundColor);
      if (color.length === 3 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const e of document.querySelectorAll("main *")) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    const box = e.getBoundingClientRect();
    if (!own || !box.width || !e.checkVisibility() || e.closest("script, style")) continue;
    const style = getComputedStyle(e), svg = e instanceof SVGElement;
    const [a, b] = [light(numbers(svg ? style.fill : style.color)), light(behind(e))];
    const card = e.closest(".plot, .stage, .group, .scroll")?.getBoundingClientRect();
    const scrolls = e.closest(".scroll");
    found.push({text: e.textContent.trim().slice(0, 40),
                contrast: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05),
                out: !scrolls && card && (box.left < card.left - 1 || box.right > card.right + 1
                     || box.top < card.top - 1 || box.bottom > card.bottom + 1)});
  }
  return found;
}"""

# Pairs of names of one axis that lie on each other.
OVERLAPS = """() => {
  const pairs = [];
  for (const plot of document.querySelectorAll(".js-plotly-plot"))
    for (const axis of [".ytick text", ".xtick text"]) {
      const boxes = [...plot.querySelectorAll(axis)].map(t => [t, t.getBoundingClientRect()]);
      for (let i = 1; i < boxes.length; i++) {
        const [[s, p], [t, q]] = [boxes[i - 1], boxes[i]];
        if (p.left < q.right - 1 && q.left < p.right - 1 && p.top + 2 < q.bottom - 2
            && q.top + 2 < p.bottom - 2) pairs.push([s.textContent, t.textContent]);
      }
    }
  return pairs;
}"""


@pytest.fixture(scope="module")
def browser(browser_path):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    """The page of a run that has everything, of a network whose layers have long names."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    found = deep(8)
    run = Run(verification=found, synthesis=placed(), front=searched(0.90, 0.95, 0.93, 0.97),
              energy=powered(layer["name"] for layer in found["layers"]),
              neurons=recorded(wrong=True))
    path.write_text(render(run), encoding="utf-8")
    return path


def opened(browser: Browser, path: Path, width: int, scheme: str = "light") -> Page:
    """A page in a window, once its plots are drawn; it must not complain or ask a network."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url)
            if not request.url.startswith(("file:", "data:")) else None)
    page.goto(path.as_uri())
    page.wait_for_function("document.querySelectorAll('.js-plotly-plot .main-svg').length >="
                           " document.querySelectorAll('.plot').length")
    assert not complaints
    return page


def fits(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (800, "dark")])
def test_everything_can_be_read(browser, report, width, scheme):
    page = opened(browser, report, width, scheme)
    assert fits(page)
    texts = page.evaluate(TEXTS)
    assert len(texts) > 400
    assert not [text for text in texts if text["contrast"] < 4.5]
    assert not [text for text in texts if text["out"]]
    assert page.evaluate(OVERLAPS) == []
    page.close()


def test_every_section_and_plot_is_there(browser, report):
    page = opened(browser, report, 1280)
    for name in SECTIONS:
        assert len(page.locator(f"#{name}").inner_text()) > 80, name
    plots = page.locator(".js-plotly-plot").all()
    assert len(plots) == 10
    for plot in plots:
        assert plot.locator(".trace path, .heatmaplayer image").count() > 0
    folded = page.locator("details", has_text="stem_lif")
    folded.locator("summary").click()
    box = folded.locator("svg.main-svg").first.bounding_box()
    assert box is not None and box["width"] > 900
    page.locator("#plot-front-energy_uj").scroll_into_view_if_needed()
    page.locator("#plot-front-energy_uj .points path").last.hover(force=True)
    page.wait_for_selector(".hovertext")
    assert "circuit 3" in page.locator(".hovertext").text_content()
    assert report.stat().st_size < 6e6 and report.read_text().count("plotly.js v") == 1
    page.close()


def test_paper_is_white_and_nothing_is_cut(browser, report):
    page = opened(browser, report, 1280, "dark")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 1032, "height": 703})  # A4 less its margins
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert fits(page)
    texts = page.evaluate(TEXTS)
    assert len(texts) > 400
    assert not [text for text in texts if text["contrast"] < 4.5 or text["out"]]
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    widest = page.evaluate("Math.max(...[...document.querySelectorAll('table')].map(t => "
                           "t.getBoundingClientRect().right))")
    assert 900 < widest <= 1032
    page.close()


def test_two_designs_side_by_side_can_be_read(browser, tmp_path):
    path = tmp_path / "pair.html"
    runs = [Run(verification=deep(blocks), synthesis=placed()) for blocks in (4, 5)]
    path.write_text(render_pair(compare(*runs, ("runs/four", "runs/five"))), encoding="utf-8")
    page = opened(browser, path, 800, "dark")
    assert fits(page)
    texts = page.evaluate(TEXTS)
    assert len(texts) > 150
    assert not [text for text in texts if text["contrast"] < 4.5 or text["out"]]
    assert page.locator(".js-plotly-plot .trace path").count() > 10
    page.close()
