import json

import pytest

from spikeloom import terminal


@pytest.mark.parametrize(("value", "text"), [
    (None, "not reported"), (0, "0"), (1234567, "1,234,567"), (True, "yes"), (False, "no"),
    (0.123456, "0.1235"), (1200.0, "1,200"), (98765.43, "98,765.4"), ("stem", "stem"),
])
def test_values_as_people_read_them(value, text):
    assert terminal.shown(value) == text


def test_percent_leaves_unknown_unknown():
    assert terminal.percent(None) is None
    assert terminal.shown(terminal.percent(0.98333)) == "98.33 %"


def test_figures_have_a_column_for_each_kind(capsys):
    terminal.figures("Run", [("cycles", "measured", 5), ("bound", "estimated", None)])
    out = capsys.readouterr().out
    assert "measured" in out and "estimated" in out and "modelled" not in out
    row = next(line for line in out.splitlines() if "bound" in line)
    assert [cell.strip() for cell in row.strip("│").split("│")] == ["bound", "", "not reported"]


def test_json_goes_to_standard_output_and_progress_does_not(capsys):
    with terminal.stage("Count", 3) as done:
        done(3)
    terminal.print_json({"images": 3})
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"images": 3}
    assert "Count" in captured.err


def test_a_log_gets_a_line_now_and_then(capsys, monkeypatch):
    monkeypatch.setattr(terminal, "LOG_EVERY", 0.0)
    with terminal.stage("Count", 3) as done:
        done(1)
        done(2)
    assert capsys.readouterr().err.splitlines()[:3] == ["Count ...", "Count: 1 of 3",
                                                       "Count: 2 of 3"]


def test_not_a_number_is_no_json():
    with pytest.raises(ValueError, match="Out of range float values"):
        terminal.print_json({"x": float("nan")})
