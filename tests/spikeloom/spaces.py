"""A space of tiny networks, judged in a second each."""

from pathlib import Path

from spikeloom.explore.space import Space, read_space

__all__ = ["TINY", "tiny_space"]

TINY = """
supernet = "digits-supernet"
population = 4

[axes]
steps = [1]
dim = [8]
stem = [4]
neuron = ["hard"]
mixer0 = ["mask", "conv"]
heads0 = [1]
bits_stem = [3, 4]
bits_attention = [3, 4]
bits_mlp = [3, 4]
bits_head = [4]
target = ["ulx3s-12f"]
slack = [1, 2]
clock_mhz = [50]

[trial]
held_out = 100
images = 256
epochs = 1
batch = 32
learning_rate = 3e-3
timed = 2

[confirm]
epochs = 2
images = 20
traced = 20
"""


def tiny_space(folder: Path) -> Space:
    """The space, by way of a file."""
    (folder / "tiny.toml").write_text(TINY)
    return read_space(str(folder / "tiny.toml"))
