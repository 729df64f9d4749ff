"""What the benches need to know of a circuit: packets to send and the logits that must come."""

import os
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from golden.run import logits
from ir.folder import digest, load
from sim.manifest import Manifest

__all__ = ["VARIABLE", "Vectors", "make_vectors"]

VARIABLE = "SPIKELOOM_BENCH_VECTORS"
"""The environment variable that names the file, for the process that cocotb runs in."""


@dataclass(frozen=True, kw_only=True)
class Vectors:
    """Packets of words and the logits they give.

    Parameters
    ----------
    words : int array ``[N, beats]``
        Whole images.
    logits : int array ``[N, classes]``
    short_beats : int array ``[M]``
        Lengths of packets that end too early: the first words of image 0.
    short_logits : int array ``[M, classes]``
        With zeros for the pixels that did not come.
    network, pixels : int
        What the registers of these names must read.
    deadline : int
        Cycles in which an image must have come out.
    """

    words: np.ndarray
    logits: np.ndarray
    short_beats: np.ndarray
    short_logits: np.ndarray
    network: int
    pixels: int
    deadline: int

    def save(self, path: Path) -> None:
        np.savez(path, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def from_environment(cls) -> "Vectors":
        """Read the file that :data:`VARIABLE` names."""
        with np.load(os.environ[VARIABLE]) as file:
            return cls(words=file["words"], logits=file["logits"],
                       short_beats=file["short_beats"], short_logits=file["short_logits"],
                       network=int(file["network"]), pixels=int(file["pixels"]),
                       deadline=int(file["deadline"]))


def make_vectors(manifest: Manifest, images: np.ndarray, deadline: int) -> Vectors:
    """Vectors for a circuit from images, uint8 ``[N, C, H, W]``, by its graph in golden."""
    graph = load(manifest.folder / "net")
    words = manifest.beats(images)
    beats = manifest.input_beats
    lengths = np.array(sorted({1, beats // 2, beats - 1} - {0, beats}), int)
    short = np.zeros((len(lengths), beats), "<u4")
    for row, length in zip(short, lengths, strict=True):
        row[:length] = words[0, :length]
    channels, height, width = manifest.image_shape
    pixels = short.view(np.uint8)[:, :manifest.pixels]
    short_images = pixels.reshape(-1, height, width, channels).transpose(0, 3, 1, 2)
    return Vectors(
        words=words.astype(np.int64), logits=logits(graph, images), short_beats=lengths,
        short_logits=logits(graph, np.ascontiguousarray(short_images)),
        network=int(digest(graph)[:8], 16), pixels=manifest.pixels, deadline=deadline)
