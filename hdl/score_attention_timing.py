"""When a self-attention engine that counts scores does what."""

from dataclasses import dataclass

from hdl.attention_sums import SumsTimes
from hdl.layout import Layout
from hdl.wires import Process, Wire

__all__ = ["ScoreAttentionTiming"]


@dataclass(frozen=True)
class ScoreAttentionTiming:
    """The parts of an engine at work on so many images; what they hold makes no difference.

    ``words`` are those of a token; the last are written ``writing`` cycles after an image's last
    beat. ``depth`` beats of sums are buffered, and leave ``latency`` cycles after they are asked.
    """

    a: Layout
    out: Layout
    words: int
    writing: int
    depth: int
    latency: int
    images: int

    @property
    def tokens(self) -> int:
        """Also the cycles to ask for a sum, when it need not wait for the one before to leave."""
        return self.out.tensor.positions

    def service(self) -> float:
        """Cycles per image that the engine needs for itself, never waiting for another.

        Those of coming in, or of asking, or half of both with what lies between: the next image
        but one is let in when an image has been asked.
        """
        spacing = max(self.tokens, self.out.groups)
        sums = self.tokens * self.words
        collected = self.a.image_beats + self.writing
        asked = self.tokens + (sums - 1) * spacing
        return float(max(self.a.image_beats, sums * spacing, (collected + asked) / 2))

    def processes(self, i: Wire, o: Wire) -> list[Process]:
        """The engine between its input and its output wire."""
        full: list[int] = []
        asked: list[int] = []
        return [self._collect(i, full, asked), self._ask(o, full, asked)]

    def _collect(self, i: Wire, full: list[int], asked: list[int]) -> Process:
        beat = ready = 0
        for image in range(self.images):
            while len(asked) < image - 1:
                yield
            ready = max(ready, asked[image - 2] + 1 if image > 1 else 0)
            for _ in range(self.a.image_beats):
                yield from i.offered(beat)
                ready = i.take(ready) + 1
                beat += 1
            full.append(ready + self.writing)

    def _ask(self, o: Wire, full: list[int], asked: list[int]) -> Process:
        sums = SumsTimes(o, self.out.groups, self.depth, self.latency)
        done = -1
        for image in range(self.images):
            while len(full) <= image:
                yield
            done = max(done, full[image] - 1)
            for _ in range(self.tokens * self.words):
                done = yield from sums.ask(done + self.tokens)
            asked.append(done)
