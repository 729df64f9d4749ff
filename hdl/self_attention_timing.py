"""When a self-attention engine does what."""

from dataclasses import dataclass

from hdl.attention_beats import AttentionBeats
from hdl.attention_sums import SumsTimes
from hdl.layout import Layout
from hdl.wires import Process, Wire
from ir.ops import SelfAttention

__all__ = ["SelfAttentionTiming"]


PERMIT = 1
"""Cycles to find out whether a token may enter."""

FETCHED = 3
"""Cycles from a token's last query read to its first question."""


@dataclass(frozen=True)
class SelfAttentionTiming:
    """The parts of an engine at work on so many images; what they hold makes no difference."""

    op: SelfAttention
    a: Layout
    out: Layout
    depth: int
    reading: int
    latency: int
    images: int

    @property
    def whole(self) -> int:
        """Cycles from a token's last row to its being in memory."""
        return 3 + self.reading

    @property
    def head(self) -> int:
        return self.op.head_channels(self.a.tensor)

    @property
    def rows(self) -> int:
        """Cycles to count a token."""
        return self.out.tensor.steps * self.op.heads * self.head

    @property
    def asked_sums(self) -> int:
        """Sums that a token asks for: one per head and time step."""
        return self.rows // self.head

    @property
    def sum_cycles(self) -> int:
        """Cycles to ask for one sum, when it need not wait for the one before it to leave."""
        return self.head * self.a.tensor.interval.bits

    @property
    def query_beats(self) -> int:
        return self.a.position_beats // self.op.parts

    def service(self) -> float:
        """Cycles per image that the engine needs for itself, never waiting for another.

        Those of counting, or of asking, or half of both with what lies between: the next image
        but one is let in when an image has been asked.
        """
        others = self.out.tensor.positions - 1
        count = max(self.a.position_beats + PERMIT, self.rows)
        spacing = max(self.sum_cycles, self.out.groups)
        ask = max(self.asked_sums * spacing, self.query_beats + FETCHED)
        counted = 1 + PERMIT + self.a.position_beats + others * count + self.rows + self.whole
        asked = (self.query_beats - 1 + FETCHED + others * ask
                 + self.sum_cycles + (self.asked_sums - 1) * spacing)
        return float(max((others + 1) * count, (others + 1) * ask, (counted + asked) / 2))

    def processes(self, i: Wire, o: Wire) -> list[Process]:
        """The engine between its input and its output wire."""
        counted: list[int] = []
        full: list[int] = []
        asked: list[int] = []
        return [self._collect(i, counted, full, asked), self._ask(o, full, asked)]

    def _collect(self, i: Wire, counted: list[int], full: list[int], asked: list[int]) -> Process:
        positions = self.out.tensor.positions
        kept, number, beat, ready = 2 * positions, 0, 0, 0
        is_query = AttentionBeats(self.op, self.a).queries
        for _ in range(self.images):
            for _ in range(positions):
                # Room for the queries, and at an image's start for its counts, comes with the
                # last token of the image before last.
                while number >= kept and len(asked) <= number - kept:
                    yield
                oldest = number - kept
                if number % positions == 0 and oldest >= 0:
                    while len(asked) < number - positions:
                        yield
                    oldest = number - positions - 1
                ready = max(ready, asked[oldest] + 1 if oldest >= 0 else 0) + PERMIT
                for queries in is_query:
                    if not queries and counted:
                        ready = max(ready, counted[-1] + 1)
                    yield from i.offered(beat)
                    ready = i.take(ready) + 1
                    beat += 1
                counted.append(max(ready, counted[-1] + self.rows if counted else 0))
                number += 1
            full.append(counted[-1] + self.rows + self.whole)

    def _ask(self, o: Wire, full: list[int], asked: list[int]) -> Process:
        sums = SumsTimes(o, self.out.groups, self.depth, self.latency)
        taken, done = 0, -1
        for image in range(self.images):
            while len(full) <= image:
                yield
            for _ in range(self.out.tensor.positions):
                fetched = max(full[image], taken + 1 if sums.sent else 0) + self.query_beats - 1
                taken = max(fetched + FETCHED, done)
                done = taken
                for _ in range(self.asked_sums):
                    done = yield from sums.ask(done + self.sum_cycles)
                asked.append(done)
