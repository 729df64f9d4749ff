import json
import re

import pytest

from spikeloom.report import SYNTHESIS, VERIFICATION, Run, read_run, render, write_report
from spikeloom.report.front import front_figure
from spikeloom.report.neurons import DIFFERENCE, neurons_figure
from spikeloom.summary import image_rate, summary
from tests.spikeloom.runs import placed, powered, recorded, searched, verified


def page_of(verification=None, synthesis=None, **others) -> str:
    return render(Run(verification=verification, synthesis=synthesis, **others))


def body(page: str) -> str:
    """The page without scripts and styles, tags as blanks."""
    page = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_page_shows_every_figure_and_where_it_comes_from():
    text = body(page_of(verified(), placed()))
    for wanted in ("98.33 %", "123,456 values of 360 images compared", "no difference",
                   "8,364", "131.2", "cycles per image", "1,200", "12.3 %", "ab" * 32,
                   "digits, first 360 test images", "120 MHz, met", "yosys 0.70", "note: seed 3",
                   "it is no measurement of an FPGA"):
        assert wanted in text
    assert "10.0 %" in text  # of the LUTs of the device


def test_page_needs_no_network():
    page = page_of(verified(), placed())
    assert not re.findall(r"""<(?:script|link|img)[^>]*(?:src|href)=["']?(?:https?:)?//""", page)
    assert page.count("Plotly.newPlot(") >= 4


def test_what_a_tool_did_not_say_is_not_zero():
    text = body(page_of(verified(accuracy_float=None), placed()))
    assert "multiplier not reported" in text
    assert "accuracy, float model not reported" in text


def test_slowest_stage_is_marked():
    page = page_of(verified(), None)
    stage = re.search(r'<div class="stage slowest"\s+title="4 lanes; mostly add"><b>(\w+)<', page)
    assert stage and stage[1] == "stem"
    assert page.count('class="stage slowest"') == 1
    assert re.search(r'<tr class="slowest">\s*<td>stem</td>', page)


def test_a_difference_is_said_loudly():
    first = {"text": "node 'head', image 3, step 0, channel 1, position (0, 0): expected 1, got 2"}
    page = page_of(verified(mismatches=2, first_difference=first), None)
    assert 'class="verdict bad"' in page
    assert "2 differ. First: node &#39;head&#39;, image 3" in page


def test_zero_compared_is_no_success():
    assert 'class="verdict bad"' in page_of(verified(values_compared=0), None)


def test_kinds_never_share_a_column():
    kinds = {name: kind for name, kind, _ in summary(verified(), placed())}
    assert kinds["cycles per image"] == "measured"
    assert kinds["cycles per image, lower bound"] == "estimated"
    assert kinds["energy per image, 45 nm int8, nJ"] == "modelled"
    assert kinds["Fmax, MHz"] == "measured"
    page = page_of(verified(), placed())
    sections = re.findall(r'<section class="group">\s*<h3 class="(\w+)">', page)
    assert sections == ["measured", "estimated", "modelled"]


@pytest.mark.parametrize(("fmax", "clock", "expected"), [
    (131.25, 120.0, 120e6 / 1200), (90.0, 120.0, 90e6 / 1200), (None, 120.0, None)])
def test_images_per_second(fmax, clock, expected):
    assert image_rate(verified(), placed(fmax_mhz=fmax, clock_mhz=clock)) == expected


def test_a_name_cannot_break_out_of_the_page():
    page = page_of(verified(network="<script>alert(1)</script>"), None)
    assert "<script>alert(1)" not in page


def test_either_half_is_enough(tmp_path):
    (tmp_path / "synthesis").mkdir()
    (tmp_path / "synthesis" / SYNTHESIS).write_text(json.dumps(placed()))
    assert "8,364" in body(write_report(tmp_path).read_text())
    (tmp_path / "synthesis" / SYNTHESIS).unlink()
    (tmp_path / VERIFICATION).write_text(json.dumps(verified()))
    assert "98.33 %" in body(write_report(tmp_path).read_text())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["report.html", "synthesis",
                                                         VERIFICATION]


def test_same_run_same_bytes():
    assert page_of(verified(), placed()) == page_of(verified(), placed())


@pytest.mark.parametrize(("text", "message"), [
    ("{", "verification.json is damaged, it is not JSON"),
    ("[]", "verification.json is no result of ours: it holds no JSON object"),
    ('{"images": 3}', "lacks 'accuracy_float', so it is of another version"),
])
def test_damaged_results(tmp_path, text, message):
    (tmp_path / VERIFICATION).write_text(text)
    with pytest.raises(ValueError, match=message):
        write_report(tmp_path)
    assert not (tmp_path / "report.html").exists()


def test_nothing_to_report(tmp_path):
    with pytest.raises(FileNotFoundError, match="has neither verification.json nor synthesis"):
        read_run(tmp_path)


def test_front_joins_only_what_nothing_beats():
    rows = searched(0.90, 0.95, 0.93, 0.97)["front"]
    line, points = front_figure(rows).data
    assert list(points.y) == [90, 95, 93, 97] and list(line.y) == [90, 95, 97]
    assert "energy, µJ: 0.08 (modelled)" in points.text[3] and "circuit 3" in points.text[3]


def test_energies_of_two_kinds_are_not_joined():
    rows = searched(0.90, 0.95)["front"]
    rows[1]["energy_kind"] = "measured"
    assert [series.name for series in front_figure(rows).data if series.mode == "markers"] == [
        "measured", "modelled"]
    text = body(page_of(front={"front": rows}))
    assert re.search(r"circuit 0 90\.00 %[^%]* – 0\.01 circuit 1 95\.00 %[^%]* 0\.02 – ", text)


def test_an_empty_front_is_refused():
    with pytest.raises(ValueError, match="The front of the search is empty"):
        page_of(front={"front": []})


def test_neurons_side_by_side_with_what_differs_marked():
    text = body(page_of(neurons=recorded()))
    assert "96 potentials and spikes" in text and "no difference" in text
    assert "stem_lif Lif 2×3×2×2: 48 values compared, none differ" in text
    wrong = recorded(wrong=True)
    page = page_of(neurons=wrong)
    text = body(page)
    assert "1 differ. First: node &#39;head_lif&#39;, image 7" in text
    assert "48 values compared, 1 differs" in text
    assert re.search(r'<details class="plot" open>\s*<summary><b>head_lif', page)  # that one
    assert page.count("<details") == 2 and page.count(" open>") == 1
    figure = neurons_figure(wrong["layers"][1])
    maps = [trace for trace in figure.data if trace.type == "heatmap"]
    crosses = [trace for trace in figure.data if trace.type == "scatter"]
    assert len(maps) == 4 and (maps[2].z != maps[3].z).sum() == 1
    assert [(trace.x, trace.y) for trace in crosses] == [(("step 0, (1, 0)",), (1,))]
    assert crosses[0].xaxis == maps[3].xaxis and crosses[0].marker.line.color == DIFFERENCE
    assert len(neurons_figure(recorded()["layers"][0]).data) == 4


def test_neurons_of_which_nothing_was_compared_are_no_success():
    assert 'class="verdict bad"' in page_of(neurons={**recorded(), "values_compared": 0})


@pytest.mark.parametrize(("name", "document"), [
    ("neurons", recorded()), ("energy", powered(["stem"]))])
def test_results_of_another_network_are_refused(name, document):
    with pytest.raises(ValueError, match=f"verification.json and {name}.json are of different"):
        page_of(verified(), **{name: {**document, "digest": "cd" * 32}})


def test_traffic_of_memories_is_part_of_the_energy():
    text = body(page_of(energy=powered(["stem", "lif"])))
    # 2 x 6400 bits of weights and 64 bits of states, 10 pJ for 64 bits each
    assert "accumulates on spikes and multiply-accumulates 1 33.2 %" in text
    assert "reading weights 2 66.4 % reading and writing states 0.01 0.3 %" in text
    assert "reading and writing buffers 0 0.0 % sum 3.01 Counted on 360 images" in text
    assert "static 5,879.5 97.3 % sum 6,045.5" in text


def test_a_search_says_what_it_was():
    front = {**searched(0.9, 0.95), "space": "digits", "seed": 4, "trials": [{}, {}, {}]}
    text = body(page_of(front=front))
    assert "space searched digits" in text and "seed of the search 4" in text
    assert "trials 3, of which 2 confirmed are shown" in text
