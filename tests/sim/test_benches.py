"""The cocotb benches pass on a right circuit and see a wrong one."""

import pytest

from sim.benches import run as module
from sim.benches.run import NoTestRan, run_benches


def test_a_right_circuit_passes_all(circuit):
    result = run_benches(circuit())
    assert (result.passed, result.failed, result.failures) == (27, 0, ())


def test_a_wrong_logit_is_seen(circuit):
    result = run_benches(circuit(port=1), benches=["images"])
    assert (result.passed, result.failed) == (0, 10)
    assert "logits are [" in " ".join(result.failures)
    assert "back_to_back" in result.failures[0] and result.log


def test_a_stuck_circuit_is_seen(circuit):
    result = run_benches(circuit(hang=2), benches=["images"], deadline=2000)
    assert (result.passed, result.failed) == (0, 10)


def test_a_surplus_beat_is_seen(circuit):
    result = run_benches(circuit(surplus=3), benches=["images"])
    assert (result.passed, result.failed) == (0, 10)


def test_unknown_bench_lists_the_known(circuit):
    with pytest.raises(ValueError, match="No bench is called 'formal'; there are images, resets"):
        run_benches(circuit(), benches=["formal"])


def test_no_test_is_a_failure(circuit, monkeypatch):
    monkeypatch.setattr(module, "BENCHES", ("vectors",))
    with pytest.raises(NoTestRan):
        run_benches(circuit(), benches=["vectors"])  # a module without tests
