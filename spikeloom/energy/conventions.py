"""What an operation costs by convention, and by which rule operations are counted."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["CONVENTIONS", "FP32", "INT8", "MODELLED", "Convention", "Counting"]

MODELLED = "modelled"
"""The kind of every energy that is operations times a convention."""


@dataclass(frozen=True)
class Convention:
    """Picojoules of a multiply-accumulate, of an accumulate, and of a bit that a memory moves."""

    name: str
    mac: float
    ac: float
    bit: float = 10 / 64
    """64 bits from a memory of 8 KB: 10 pJ."""


FP32 = Convention("fp32", 4.6, 0.9)
"""What papers on spiking networks quote: 45 nm, Horowitz (ISSCC 2014)."""

INT8 = Convention("int8", 0.23, 0.03)
"""Nearer to what integer hardware does; not comparable to the fp32 figures of papers."""

CONVENTIONS = (FP32, INT8)


class Counting(StrEnum):
    """A rule by which a layer's operations are counted.

    ``executed`` counts what integer hardware does: a spike is an accumulate at every weight that
    it reaches inside the map, a count or a pixel multiplies, and what is the same in all time
    steps is computed once. The others are rules of papers: operations are those of a dense layer,
    padding included, in all time steps, times the firing rate. They differ in shortcuts that add
    spikes (SEW): ``papers-ac`` takes a count for as many spikes, as Spikformer's authors do,
    ``papers-mac`` takes whatever is no spike for a multiplication.
    """

    EXECUTED = "executed"
    PAPERS_AC = "papers-ac"
    PAPERS_MAC = "papers-mac"
