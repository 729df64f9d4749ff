"""The standalone Verilog test bench, run by Verilator as a user without Python would."""

import re
import subprocess

import numpy as np
import pytest

from sim.bench_verilog import write_bench
from sim.build import cached, run_tool
from sim.tools import find_toolchain
from tests.sim import standin


@pytest.fixture
def bench(circuit, images):
    """Writes a circuit with its bench and runs it; its exit code and what it printed."""
    def run(images=images[:5], spoil=None, **faults):
        folder = circuit(**faults)
        write_bench(folder, images, standin.expected(images), deadline=3000)
        if spoil:
            spoil(folder)
        return simulated(folder)
    return run


def simulated(folder):
    toolchain = find_toolchain()
    files = {name: (folder / name).read_bytes() for name in (
        "spikeloom.v", "tb/spikeloom_tb.v", "tb/sizes.vh", "tb/spikeloom_tb.f")}
    command = ["verilator", "--binary", "--timing", "-Wno-fatal", "-Wno-WIDTH", "--top-module",
               "spikeloom_tb", "-f", "tb/spikeloom_tb.f"]

    def compile_in(place):
        run_tool(command, place, toolchain, toolchain.environment(toolchain.shim()))

    program = cached("bench", files, command, toolchain, compile_in)[0] / "obj_dir/Vspikeloom_tb"
    done = subprocess.run([program], cwd=folder, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout


def test_right_circuit_passes(bench):
    code, said = bench()
    assert code == 0
    assert "PASS: 5 images twice, 40 logits compared, 0 wrong" in said


def test_wrong_logits_are_told_and_fail(bench, images):
    code, said = bench(port=1)
    assert code != 0
    assert "FAIL: 4 of 40 logits wrong" in said
    value = standin.expected(images)[2, 3]
    assert f"image 2 class 3: expected {value}, got {value + 1} (TLAST 1, TUSER 0)" in said


@pytest.mark.parametrize("faults, message", [
    ({"hang": 3}, "FAIL: time-out with 8 of 40 logits compared and 0 wrong"),
    ({"no_last": 1}, "FAIL: 10 of 40 logits wrong"),
    ({"surplus": 5}, "FAIL: more logits came out than 5 images have")])
def test_broken_circuits_fail(bench, faults, message):
    code, said = bench(**faults)
    assert code != 0 and message in said


@pytest.mark.parametrize("name", ["stimulus.hex", "expected.hex"])
def test_truncated_vectors_fail(bench, name):
    def cut(folder):
        path = folder / "tb" / name
        path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")

    code, said = bench(spoil=cut)
    assert code != 0 and "PASS" not in said


def test_same_vectors_same_bytes(circuit, images):
    def written():
        folder = circuit()
        write_bench(folder, images[:3], standin.expected(images[:3]))
        return {path.name: path.read_bytes() for path in (folder / "tb").iterdir()}

    files = written()
    assert files == written()
    assert set(files) == {"spikeloom_tb.v", "spikeloom_tb.f", "sizes.vh", "stimulus.hex",
                          "expected.hex", "README.md"}
    assert files["spikeloom_tb.f"] == b"spikeloom.v\ntb/spikeloom_tb.v\n"


@pytest.mark.parametrize("logits, message", [
    (np.zeros((2, 4), int), r"Logits must be \[3, 4\], not \[2, 4\]"),
    (np.full((3, 4), 1 << 31), "do not fit the 32 bits of m_axis")])
def test_logits_that_do_not_belong_are_refused(circuit, images, logits, message):
    with pytest.raises(ValueError, match=message):
        write_bench(circuit(), images[:3], logits)


def test_no_images_are_refused(circuit, images):
    with pytest.raises(ValueError, match=re.escape("needs at least one image")):
        write_bench(circuit(), images[:0], np.zeros((0, 4), int))
