"""The beats of a token's query, key and value, side by side in the stream of an attention."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from amaranth import *

from hdl.layout import Layout
from ir.ops import SelfAttention

__all__ = ["AttentionBeats"]


@dataclass(frozen=True)
class AttentionBeats:
    """Which beats of a token hold queries, and which keys or values.

    Raises ValueError unless the lanes divide the channels of a query.
    """

    op: SelfAttention
    a: Layout

    def __post_init__(self):
        if self.channels % self.a.lanes:
            raise ValueError(f"Self-attention takes lanes that divide the {self.channels} "
                             f"channels of a query, not {self.a.lanes} lanes")

    @property
    def channels(self) -> int:
        """Channels of a query."""
        return self.a.tensor.channels // self.op.parts

    @cached_property
    def order(self) -> tuple[tuple[int, int], ...]:
        """Time step and first channel of each of a token's beats."""
        return tuple((step, first) for _, step, first in islice(self.a.order(),
                                                                self.a.position_beats))

    @cached_property
    def queries(self) -> tuple[bool, ...]:
        """For each beat of a token, whether it holds queries: the first does, the last not."""
        return tuple(first < self.channels for _, first in self.order)

    @staticmethod
    def among(beat: Value, tags: Sequence[bool]) -> Value:
        """Whether a token's beat ``beat`` has a tag, as logic."""
        padded = [False, *tags, False]
        edges = [n for n in range(len(tags) + 1) if padded[n] != padded[n + 1]]
        return Cat((beat >= start) & (beat < stop)
                   for start, stop in zip(edges[::2], edges[1::2], strict=True)).any()

    def gather(self, m: Module, name: str, taken: Value, payload: Value, *,
               queries: bool) -> Mapping[tuple[int, int], Value]:
        """One token's queries, or its keys and values, by time step and channel."""
        a = self.a
        beats = [(step, first) for step, first in self.order
                 if (first < self.channels) == queries]
        bits = Signal(len(beats) * a.bits, name=name)
        with m.If(taken):
            m.d.sync += bits.eq(Cat(bits, payload)[a.bits:])
        width = a.tensor.interval.bits
        return {(step, first + lane): bits.word_select(beat * a.lanes + lane, width)
                for beat, (step, first) in enumerate(beats) for lane in range(a.lanes)}
