import json

import pytest

from spikeloom.cli import main
from spikeloom.comparison import LAYER_FIGURES, compare
from spikeloom.report import SYNTHESIS, VERIFICATION, Run
from tests.spikeloom.runs import LAYERS, STAGES, placed, verified


def faster() -> Run:
    """A run of a design whose first stage has twice the lanes, placed."""
    stages = [{**stage, "busy_cycles": 550.0, "folding": "8 lanes"} if stage["name"] == "stem"
              else stage for stage in STAGES]
    return Run(verification=verified(stages=stages, cycles_per_image=600.0),
               synthesis=placed(luts=9200, dsps=4))


BASE = Run(verification=verified(), synthesis=placed())


def test_every_figure_of_both_with_what_the_second_has_of_the_first():
    found = compare(BASE, faster(), ("a", "b"))
    figures = {(figure.name, figure.kind): figure for figure in found.figures}
    assert figures["cycles per image", "measured"].ratio == 0.5
    assert figures["LUT", "measured"].ratio == pytest.approx(9200 / 8364)
    assert figures["accuracy, circuit", "measured"].ratio == 1
    assert figures["LUT of all stages", "estimated"].a == 20 + 800 + 90 + 300
    assert figures["energy per image, 45 nm int8, nJ", "modelled"].b == 0.5323
    # What a tool did not say has no ratio, nor has what is no number.
    assert figures["multipliers (DSP)", "measured"].ratio is None
    assert figures["clock constraint met", "measured"].ratio is None


def test_layers_that_differ():
    found = compare(BASE, faster(), ("a", "b"))
    assert [layer.name for layer in found.layers if layer.differs] == ["stem"]
    (name, figures), = found.different("estimated")
    assert name == "stem" and [figure.ratio for figure in figures] == [0.5, 1, 1, 1]
    assert found.different("measured") == [] and "Both are circuits" in found.remarks[0]


def test_a_layer_of_one_design_alone():
    only = Run(verification=verified(layers=LAYERS[1:]))
    layer = compare(BASE, only, ("a", "b")).layers[0]
    assert layer.name == "stem" and layer.a == "Conv 1x4x8x8, 12 bit, 4 lanes"
    assert layer.b is None
    assert {figure.name: figure.b for figure in layer.figures} == dict.fromkeys(LAYER_FIGURES)


def test_what_keeps_figures_from_being_compared_is_said():
    other = Run(verification=verified(images=100, digest="cd" * 32, mismatches=3),
                synthesis=placed(target="icebreaker"))
    remarks = " ".join(compare(BASE, other, ("a", "b")).remarks)
    assert "A ran 360 images of digits, B 100 images of digits" in remarks
    assert "A is placed on ulx3s-85f, B on icebreaker" in remarks
    assert "B is not its integer network: 3 of 123456 values differ" in remarks


def write(folder, run: Run) -> str:
    folder.mkdir()
    (folder / VERIFICATION).write_text(json.dumps(run.verification))
    (folder / SYNTHESIS).write_text(json.dumps(run.synthesis))
    return str(folder)


def run_command(capsys, *arguments: str):
    with pytest.raises(SystemExit) as ended:
        main(["compare", *arguments])
    return ended.value.code, *capsys.readouterr()


def test_command_prints_a_table_of_each_kind(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    a, b = write(tmp_path / "a", BASE), write(tmp_path / "b", faster())
    code, out, _ = run_command(capsys, a, b, "--html", str(tmp_path / "ab.html"))
    assert code == 0
    measured, _, rest = out.partition("Estimated")
    estimated, _, modelled = rest.partition("Modelled")
    assert "cycles per image" in measured and "0.500" in measured and "nJ" not in measured
    assert "slowest stage" in estimated and "Fmax" not in estimated
    assert "energy per image, 45 nm int8" in modelled
    page = (tmp_path / "ab.html").read_text()
    assert page.count("Plotly.newPlot(") >= 1 and "8 lanes" in page
    code, out, _ = run_command(capsys, a, b, "--json")
    found = json.loads(out)
    assert code == 0 and found["b"]["name"] == b
    assert {figure["kind"] for figure in found["figures"]} == {"measured", "estimated", "modelled"}


def test_what_is_nowhere_cannot_be_compared(capsys, tmp_path):
    code, _, err = run_command(capsys, write(tmp_path / "a", BASE), "nowhere")
    assert code == 2
    assert "There is no folder nowhere, and no such preset; there are digits, " in err


def test_results_of_another_version_cannot_be_compared(capsys, tmp_path):
    old = verified()
    del old["stages"]
    a = write(tmp_path / "a", BASE)
    b = write(tmp_path / "b", Run(verification=old, synthesis=placed()))
    code, _, err = run_command(capsys, a, b)
    assert code == 2 and "lacks 'stages', so it is of another version" in err


def test_a_preset_is_generated_and_run(capsys, monkeypatch, tmp_path):
    def measured(design, images, labels, *, preset, **_):
        assert design.target == "ulx3s-25f" and len(images) == len(labels) == 7
        return verified(network=preset.name)

    monkeypatch.setattr("spikeloom.verification.measure", measured)
    code, out, _ = run_command(capsys, write(tmp_path / "a", BASE), "digits-tiny", "--images", "7",
                               "--target", "ulx3s-25f", "--json")
    found = json.loads(out)["b"]
    assert code == 0
    assert (found["network"], found["data"], found["placed_on"]) == ("digits-tiny", "digits", None)
