"""Simulation of the stand-in circuit: values, cycles, rules that it can break, interruption."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from sim.pool import Part, SimulationError, SimulationTimeout, Stalls
from sim.run import SimulationResult, check_registers, simulate
from tests.sim import standin

CYCLES = 83
"""Of one image in the stand-in: 5 words, 72 values, 2 steps of sums, 4 logits."""


def all_tensors(images):
    first, second = images[:, 0].astype(int), images[:, 1].astype(int)
    spread = np.stack([first, second, first + second, first - second - 3], 1)[:, None]
    sums = np.repeat(spread.sum((3, 4), keepdims=True), 2, 1)
    return {"image": images[:, None], "spread": spread, "again": np.repeat(spread, 2, 1),
            "token__sum": sums, "total": sums.sum(1, keepdims=True)}


@pytest.mark.parametrize("processes", [1, 3])
def test_every_tensor_of_every_image(circuit, images, processes):
    result = simulate(circuit(), images, trace=True, processes=processes)
    np.testing.assert_array_equal(result.logits, standin.expected(images))
    wanted = all_tensors(images)
    assert set(result.tensors) == set(wanted)
    for name, tensor in wanted.items():
        np.testing.assert_array_equal(result.tensors[name], tensor)
    assert sum(len(run) for run in result.runs) == 50
    assert result.runs[0].start == 0 and result.runs[-1].stop == 50


def test_named_tensors_alone_are_kept(circuit, images):
    assert not simulate(circuit(), images[:2]).tensors
    assert list(simulate(circuit(), images[:2], trace=["total"]).tensors) == ["total"]
    with pytest.raises(ValueError, match="traces no tensor 'nothing'"):
        simulate(circuit(), images, trace=["nothing"])
    with pytest.raises(TypeError, match="several names, not the text 'total'"):
        simulate(circuit(), images, trace="total")


def test_cycles_and_latencies_are_exact(circuit, images):
    result = simulate(circuit(), images, processes=2)
    assert result.runs == (range(25), range(25, 50))
    assert result.cycles_per_image == CYCLES
    assert result.latency == {"image": 69, "spread": 74, "again": 76, "token__sum": 78,
                              "total": 82, "m_axis": 82}
    np.testing.assert_array_equal(result.stamps[:25], result.stamps[25:])
    np.testing.assert_array_equal(result.stamps[1], [83, 87, 162, 165])
    np.testing.assert_array_equal(result.spans["again"][1], [88, 159])
    assert result.cycles == 2 * (25 * CYCLES + 256)


def test_one_image_has_no_steady_state(circuit, images):
    assert simulate(circuit(), images[:1]).cycles_per_image is None


def test_pauses_change_cycles_and_not_values(circuit, images):
    def run(**stalls) -> SimulationResult:
        return simulate(circuit(), images, stalls=Stalls(**stalls), processes=1)

    paused = run(source=0.5, sink=0.8)
    np.testing.assert_array_equal(paused.logits, standin.expected(images))
    assert paused.cycles_per_image is not None
    assert paused.cycles_per_image > CYCLES + 3 / (1 - 0.8)
    np.testing.assert_array_equal(paused.stamps, run(source=0.5, sink=0.8).stamps)
    assert (paused.stamps != run(source=0.5, sink=0.8, seed=2).stamps).any()
    with pytest.raises(ValueError, match="Stalls sink must be at least 0 and below 1, not 1.5"):
        Stalls(sink=1.5)


def test_progress_counts_up_to_all_images(circuit, images):
    seen = []
    simulate(circuit(), images, progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen) and len(seen) > 10 and seen[-1] == (50, 50)


def test_no_images_and_no_processes(circuit, images):
    with pytest.raises(ValueError, match="There are no images to simulate"):
        simulate(circuit(), images[:0])
    with pytest.raises(ValueError, match="processes must be at least 1, not 0"):
        simulate(circuit(), images, processes=0)


@pytest.mark.parametrize("faults, message", [
    ({"fickle": 1}, "m_axis withdrew a beat before it was taken, in cycle"),
    ({"fickle": 2}, "m_axis changed a beat before it was taken, in cycle"),
    ({"no_last": 1}, "TLAST is 0 on beat 3 of 4 of image 0"),
    ({"surplus": 10}, "a beat came out after all 10 images, in cycle"),
    ({"marked": 3}, "TUSER marks image 2 as malformed, and it was not"),
    ({"miscount": 1}, "Register IMAGES_IN reads 0x14 after 10 images and should read 0xa"),
    ({"echo": 10}, "tensor image moved more than 9 beats for each of 10 images"),
])
def test_broken_rules_are_failures(circuit, images, faults, message):
    with pytest.raises(SimulationError, match=message):
        simulate(circuit(**faults), images[:10], stalls=Stalls(sink=0.6), processes=1)


def test_a_stuck_circuit_is_a_failure_that_says_where(circuit, images):
    started = time.monotonic()
    with pytest.raises(SimulationTimeout) as failure:
        simulate(circuit(hang=3), images, processes=1, deadline=1000)
    assert "nothing has moved for 1000 cycles" in str(failure.value)
    assert "with 2 of 50 images out; image at beat 4 of 9 of image 2" in str(failure.value)
    assert time.monotonic() - started < 60


def test_a_beat_that_is_missing_at_a_probe_is_a_failure(circuit, images):
    with pytest.raises(SimulationTimeout, match="10 of 10 images out; image at beat 8 of 9 of"):
        simulate(circuit(lost=4), images[:10], processes=1, deadline=1000)


@pytest.mark.parametrize("spoil", [
    lambda path: path.unlink(),
    lambda path: path.write_text("no number\n")], ids=["missing", "damaged"])
def test_a_memory_file_that_cannot_be_read_is_a_failure(circuit, images, spoil):
    folder = circuit()
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "memories": []}))
    spoil(folder / "memory" / "fault.hex")
    with pytest.raises(SimulationError, match="fault.hex"):
        simulate(folder, images)


@pytest.mark.parametrize("register, value, message", [
    (0x00, 0, "Register ID reads 0x0"), (0x14, 4, "IMAGES_IN reads 0x4 after 3"),
    (0x18, 2, "IMAGES_OUT reads 0x2"), (0x2C, 1, "SHORT_PACKETS"), (0x30, 1, "LONG_PACKETS"),
    (0x0C, 1, "STATUS")])
def test_registers_must_tell_what_happened(circuit, images, register, value, message):
    part = simulated_part(circuit(), images)
    check_registers(part)
    part.registers[register] = value
    with pytest.raises(SimulationError, match=message):
        check_registers(part)


def simulated_part(folder, images) -> Part:
    from sim.build import build
    from sim.manifest import read_manifest
    from sim.pool import Job, run_jobs

    manifest = read_manifest(folder)
    (part,) = run_jobs(build(manifest).program, manifest, images, [Job(start=0, stop=3)],
                       processes=1)
    return part


def test_waves_are_fst(circuit, images, tmp_path):
    simulate(circuit(), images[:2], waves=tmp_path / "out.fst")
    content = (tmp_path / "out.fst").read_bytes()
    # A header block (type 0) of 329 bytes with the times it spans and the unit, picoseconds.
    assert content[0] == 0 and int.from_bytes(content[1:9]) == 329
    end = int.from_bytes(content[17:25])
    assert end >= 2 * CYCLES * 10_000
    assert int.from_bytes(content[73:74], signed=True) == -12
    assert len(content) > 5000


INTERRUPTED = """
import sys
from pathlib import Path
import numpy as np
from sim.run import simulate
images = np.zeros((20, 2, 3, 3), np.uint8)
simulate(Path(sys.argv[1]), images, processes=2, deadline=10**12,
         progress=lambda done, total: print(done, flush=True))
"""


def test_an_interruption_leaves_nothing_behind(circuit, images, tmp_path):
    folder = circuit(hang=5)
    simulate(circuit(hang=5), images[:2])  # compiled before the clock runs
    work = tmp_path / "work"
    work.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, folder], stdout=subprocess.PIPE, text=True,
        stderr=subprocess.PIPE, cwd=Path(__file__).parents[2], start_new_session=True,
        env={**os.environ, "TMPDIR": str(work)})
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) == 8:  # both circuits hang at their fifth image
            break
    assert any(work.iterdir())
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=30)
    assert process.returncode and "KeyboardInterrupt" in complaint
    assert not list(work.iterdir())
    with pytest.raises(ProcessLookupError):  # none of its children is left
        os.killpg(process.pid, 0)
