"""The search as a user runs it: killed, resumed, and confirmed down to the placed circuit."""

import json
import subprocess
import sys
import time
from pathlib import Path

from spikeloom.explore.search import Clock, search
from spikeloom.explore.study import JOURNAL, Study
from tests.spikeloom.spaces import TINY, tiny_space
from tests.spikeloom.test_explore import Sequential

TRIALS = 6

PATIENCE = 400
"""Seconds for the first trials on a busy machine; a few on an idle one."""


def command(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "spikeloom", "explore", str(folder / "tiny.toml"), "--trials",
            str(TRIALS), "-o", str(folder / "run"), "--json", *arguments]


def judged(folder: Path) -> int:
    journal = folder / "run" / JOURNAL
    return journal.read_text().count('"row"') if journal.is_file() else 0


def kill_when_judged(folder: Path, count: int) -> None:
    """Kill the search as soon as ``count`` trials are stored."""
    process = subprocess.Popen(command(folder, "--members", "0", "--workers", "2"),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE
    try:
        while judged(folder) < count:
            assert process.poll() is None, "the search ended before it was killed"
            assert time.monotonic() < deadline, f"{judged(folder)} trials in {PATIENCE} s"
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()


def test_killed_resumed_and_confirmed(tmp_path):
    """Two workers and a kill give the trials of one process, and a circuit that is its integers."""
    (tmp_path / "tiny.toml").write_text(TINY)
    kill_when_judged(tmp_path, 2)
    before = judged(tmp_path)
    assert 2 <= before < TRIALS
    ended = subprocess.run(command(tmp_path, "--members", "1", "--workers", "2"), check=True,
                           capture_output=True, text=True)
    assert ended.stderr.count("\ntrial ") + ended.stderr.startswith("trial ") == TRIALS - before
    result = json.loads(ended.stdout)
    space = tiny_space(tmp_path)
    (tmp_path / "alone").mkdir()
    alone = search(Study(space, tmp_path / "alone"), Sequential(), TRIALS, Clock(None), None)
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
