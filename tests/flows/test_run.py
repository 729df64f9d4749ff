"""Executing plans: kept once, nothing half, and every failure said in one message."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows import FlowError, FlowUnavailable, ToolFailed, run
from flows.plan import Plan, Step
from flows.run import Tool, execute, missing, versions

DATA = Path(__file__).parent / "data"
FAKE = Tool("pytest", "fake_tool", "run")


@pytest.fixture(autouse=True)
def fake_tool(cache, monkeypatch):
    """Another tool, whose version is pytest's."""
    monkeypatch.setitem(run.TOOLS, "fake", FAKE)
    monkeypatch.setenv("PYTHONPATH", str(DATA))


def plan(*arguments, outputs=()):
    return Plan({"in/file": b"content"}, outputs=outputs, steps=(
        Step(name="the work", tool="fake", arguments=arguments, log="tool.log"),))


def test_a_plan_is_run_once(cache, tmp_path):
    counting = plan("count", str(tmp_path / "trace"), "out", outputs=("out",))
    names = []
    first, second = (execute(counting, progress=names.append) for _ in range(2))
    assert (first.cached, second.cached) == (False, True)
    assert names == ["the work"]
    assert (tmp_path / "trace").read_text() == "x"
    assert first.folder == second.folder and first.seconds == second.seconds > 0
    assert first.text("out") == "done" and first.text("in/file") == "content"
    assert [path.name for path in cache.iterdir()] == [first.folder.name]


def test_another_version_of_a_tool_runs_it_again(tmp_path, monkeypatch):
    counting = plan("count", str(tmp_path / "trace"), "out", outputs=("out",))
    execute(counting)
    monkeypatch.setitem(run.TOOLS, "fake", Tool("hypothesis", "fake_tool", "run"))
    assert not execute(counting).cached
    assert (tmp_path / "trace").read_text() == "xx"


def test_a_failure_quotes_the_log_and_keeps_it(cache):
    with pytest.raises(ToolFailed) as failure:
        execute(plan("fail"))
    text = str(failure.value)
    assert text.startswith("fake failed in 'the work' (exit status 1):\nERROR: no such thing\n")
    folder = Path(text.rsplit(" in ", 1)[1])
    assert "Info: began" in (folder / "tool.log").read_text()
    assert [path.name for path in cache.iterdir()] == [folder.name]
    with pytest.raises(ToolFailed):  # and is not taken for a result
        execute(plan("fail"))


def test_a_crash_quotes_what_was_printed():
    with pytest.raises(ToolFailed, match=r"exit status -9\):\nwires are crossed"):
        execute(plan("crash"))


def test_a_tool_that_takes_too_long_is_stopped(tmp_path):
    started = time.monotonic()
    with pytest.raises(ToolFailed, match="fake was stopped in 'the work' after 0.05 minutes"):
        execute(plan("wait", str(tmp_path / "pid")), minutes=0.05)
    assert time.monotonic() - started < 30
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_missing_output_is_a_failure():
    with pytest.raises(ToolFailed, match="fake ended well but did not write out"):
        execute(plan("write", "other", "", outputs=("out",)))


def test_a_missing_tool_is_named_with_the_command_that_installs_it(monkeypatch):
    absent = Tool("spikeloom-no-such-package", "absent", "run")
    monkeypatch.setitem(run.TOOLS, "fake", absent)
    assert missing(("fake", "yosys")) == {"fake": "pip install spikeloom-no-such-package"}
    with pytest.raises(FlowUnavailable,
                       match="Missing: fake; install with: pip install spikeloom-no-such-package"):
        execute(plan("write", "out", ""))


def test_versions_of_what_is_installed():
    assert versions(("fake",)) == {"fake": pytest.__version__}


def test_an_exception_on_the_way_leaves_nothing(cache):
    def interrupt(name):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute(plan("write", "out", ""), progress=interrupt)
    assert not list(cache.iterdir())


@pytest.fixture
def waiting(cache, tmp_path):
    """A process that runs a plan, whose tool has started and waits."""
    started = tmp_path / "started"
    code = (f"from flows import run; from flows.plan import Plan, Step\n"
            f"run.TOOLS['fake'] = run.Tool('pytest', 'fake_tool', 'run')\n"
            f"step = Step(name='wait', tool='fake', arguments=('wait', {str(started)!r}))\n"
            f"run.execute(Plan({{}}, steps=(step,), outputs=()))\n")
    root = Path(__file__).parents[2]
    process = subprocess.Popen([sys.executable, "-c", code], cwd=root, stderr=subprocess.PIPE,
                               env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{DATA}"})
    deadline = time.monotonic() + 30
    while not started.exists():
        assert time.monotonic() < deadline and process.poll() is None, "the tool never started"
        time.sleep(0.05)
    assert list(cache.iterdir()), "the build is on its way"
    yield process, int(started.read_text())
    process.kill()
    process.wait()


def ends(pid):
    """Whether a process ends soon; one that only waits to be asked how it ended has ended."""
    state = Path(f"/proc/{pid}/stat")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            if state.is_file() and state.read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.05)
    return False


def test_an_interrupt_ends_the_tool_and_leaves_nothing(cache, waiting):
    """What Ctrl-C does to a program that runs a plan."""
    process, tool = waiting
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert b"KeyboardInterrupt" in errors and process.returncode != 0
    assert ends(tool)
    assert not list(cache.iterdir())


def test_a_tool_does_not_outlive_who_started_it(cache, waiting):
    process, tool = waiting
    process.kill()
    assert ends(tool)
    # What is left is nothing that is taken for a result, and goes when it is a day old.
    (left,) = cache.iterdir()
    assert left.name.endswith(".partial")
    execute(plan("write", "out", ""))
    assert left.exists()
    os.utime(left, (0, 0))
    execute(plan("write", "other", ""))
    assert not left.exists()


def test_a_full_disk_leaves_nothing(cache, monkeypatch):
    def write_bytes(self, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    with pytest.raises(FlowError, match=r"Cannot write the build in .*No space left on device"):
        execute(plan("write", "out", ""))
    assert not list(cache.iterdir())


def test_a_cache_that_is_no_folder(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SPIKELOOM_CACHE", str(tmp_path / "file"))
    with pytest.raises(FlowError, match=r"Cannot write to the cache folder .*file/flows: .*; "
                                        r"SPIKELOOM_CACHE names another"):
        execute(plan("write", "out", ""))


def test_a_damaged_record_is_run_again(cache):
    """Someone emptied the disk by hand: a folder without its record is no result."""
    done = execute(plan("write", "out", "", outputs=("out",)))
    (done.folder / "run.json").unlink()
    assert not execute(plan("write", "out", "", outputs=("out",))).cached
