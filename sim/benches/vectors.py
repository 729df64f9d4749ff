"""What the benches need to know of a circuit: packets to send and the logits that must come."""

import os
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

__all__ = ["VARIABLE", "Vectors"]

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
