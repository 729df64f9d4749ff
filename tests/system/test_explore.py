"""The search as a user runs it: killed, resumed, and confirmed down to the placed circuit."""

import json
import subprocess
import sys
import time
from pathlib import Path

import psutil

from spikeloom.explore.search import Clock, search
from spikeloom.explore.space import read_space
from spikeloom.explore.study import JOURNAL, Study
from spikeloom.explore.workers import Workers
from tests.spikeloom.spaces import TINY

TRIALS = 5
"""One more than a generation: it is drawn from those before it."""

SPACE = TINY.replace("slack = [1, 2]", "slack = [8, 16]")
"""Small circuits, which are soon placed."""

PATIENCE = 400
"""Seconds for a command on a busy machine; a fraction of it on an idle one."""


def command(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "spikeloom", "explore", str(folder / "tiny.toml"), "--trials",
            str(TRIALS), "-o", str(folder / "run"), "--json", *arguments]


def judged(folder: Path) -> int:
    journal = folder / "run" / JOURNAL
    return journal.read_text().count('"row"') if journal.is_file() else 0


def kill_when_judged(folder: Path, count: int) -> None:
    """Kill the search as soon as ``count`` trials are stored; its workers end by themselves."""
    process = subprocess.Popen(command(folder, "--members", "0", "--workers", "2"),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE
    try:
        while judged(folder) < count:
            assert process.poll() is None, "the search ended before it was killed"
            assert time.monotonic() < deadline, f"{judged(folder)} trials in {PATIENCE} s"
            time.sleep(0.05)
        workers = psutil.Process(process.pid).children(recursive=True)
    finally:
        process.kill()
        process.wait()
    assert len(workers) >= 2
    assert not psutil.wait_procs(workers, timeout=60)[1], "workers outlive a killed search"


def test_killed_resumed_and_confirmed(tmp_path):
    """Two workers and a kill give the trials of one worker, and a circuit that is its integers."""
    (tmp_path / "tiny.toml").write_text(SPACE)
    kill_when_judged(tmp_path, 2)
    before = judged(tmp_path)
    assert 2 <= before < TRIALS
    ended = subprocess.run(command(tmp_path, "--members", "1", "--workers", "2"), check=True,
                           capture_output=True, text=True, timeout=PATIENCE)
    assert ended.stderr.count("\ntrial ") + ended.stderr.startswith("trial ") == TRIALS - before
    result = json.loads(ended.stdout)
    (tmp_path / "alone").mkdir()
    space = read_space(str(tmp_path / "tiny.toml"))
    with Workers.opened({"kind": "local", "workers": 1}) as worker:
        alone = search(Study(space, tmp_path / "alone"), worker, TRIALS, Clock(None), None)
    told = [{key: value for key, value in row.items() if key not in ("name", "fitness")}
            for row in result["trials"]]
    assert told == json.loads(json.dumps(alone)) and len(told) == TRIALS
    member, = result["front"]
    assert member["images"] == member["traced_images"] == 20
    assert member["values_compared"] > 20 * 500 and member["mismatches"] == 0
    assert member["circuit_kind"] == "measured" and member["energy_kind"] == "modelled"
    assert member["accuracy"] > 0.5 and member["accuracy_images"] == 360
    for figure in ("energy_uj", "latency_us", "luts", "fmax_mhz", "cycles_per_image"):
        assert member[figure] > 0
    assert (Path(member["design"]) / "manifest.json").is_file()
    assert "Accuracy and" in Path(result["report"]).read_text()
