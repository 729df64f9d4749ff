import numpy as np
import pytest

from sim.neurons import Neurons, Recording
from spikeloom.recording import CHANNELS, COLUMNS, measure_neurons
from tests.ir.graphs import small_graph


class Recorded:
    """Stands for a design in whose layer one spike is not golden's."""

    graph = small_graph()

    def __init__(self, shape: tuple[int, ...], wrong: tuple[int, ...] | None = None):
        golden = np.random.default_rng(1).integers(0, 2, shape)
        circuit = golden.copy()
        if wrong:
            circuit[wrong] ^= 1
        self.layer = Neurons(name="lif", op="Lif", spikes=(golden, circuit),
                             membrane=(golden * 9, golden * 9))

    def record(self, image):
        wrong = int((self.layer.spikes[0] != self.layer.spikes[1]).sum())
        return Recording(layers=(self.layer,), values_compared=2 * self.layer.spikes[0].size,
                         mismatches=wrong, first_difference=None)


def test_a_small_layer_is_kept_whole():
    design = Recorded((2, 3, 2, 2), (1, 2, 1, 0))
    found = measure_neurons(design, np.zeros((1, 4, 4), np.uint8), 7, 3)
    (layer,) = found["layers"]
    assert (found["image"], found["label"], found["values_compared"]) == (7, 3, 48)
    assert (layer["values"], layer["mismatches"]) == (48, 1)
    assert (layer["channels"], layer["positions"]) == ([0, 3], [0, 4])
    for side, values in zip(("golden", "circuit"), design.layer.spikes, strict=True):
        rows = np.concatenate([values[0].reshape(3, 4), values[1].reshape(3, 4)], axis=1)
        assert layer["spikes"][side] == rows.tolist()


@pytest.mark.parametrize("wrong", [None, (0, 3, 0, 5), (1, 70, 15, 15), (1, 40, 9, 3)])
def test_of_a_large_layer_a_window_with_the_first_difference_is_kept(wrong):
    found = measure_neurons(Recorded((2, 80, 16, 16), wrong), np.zeros((1, 4, 4), np.uint8), 0)
    (layer,) = found["layers"]
    golden, circuit = (np.array(layer["spikes"][side]) for side in ("golden", "circuit"))
    assert golden.shape == (CHANNELS, COLUMNS)
    assert (golden != circuit).sum() == layer["mismatches"] == (wrong is not None)
    assert layer["values"] == 2 * 2 * 80 * 256
