"""Pipelines that move as a whole, as times: a stalled output freezes the gaps inside, too."""

from collections.abc import Generator

from hdl.wires import Process, Wire

__all__ = ["Steps"]


class Steps:
    """The steps of a pipeline with one register at its output, ``latency`` steps long.

    It moves in every cycle in which that register is empty or taken. So the beat that leaves as
    number ``n`` is taken in step ``entered[n] + latency``, and until the next one comes to the
    output, every cycle is a step.

    Parameters
    ----------
    o : :class:`Wire`
        The output.
    latency : int

    Attributes
    ----------
    entered : list of int
        The step in which each beat that will leave has entered.
    """

    def __init__(self, o: Wire, latency: int):
        self.o, self.latency = o, latency
        self.entered: list[int] = []
        self._passed = 0

    def enter(self, step: int, cycle: int) -> Generator[None, None, tuple[int, int]]:
        """The first step from ``step`` on that is in ``cycle`` or later, and its cycle.

        Must be asked for in the order of the steps.
        """
        while True:
            while self._leaves(self._passed) <= step:
                yield from self.o.taken(self._passed)
                self._passed += 1
            now = step
            if self._passed:
                last = self._passed - 1
                now = self.o.takes[last] + step - self._leaves(last)
            if now >= cycle:
                return step, now
            step = int(min(step + cycle - now, self._leaves(self._passed)))

    def _leaves(self, beat: int) -> float:
        """The step in which a beat is taken, as far as it is known to be under way."""
        return self.entered[beat] + self.latency if beat < len(self.entered) else float("inf")

    def leave(self, beats: int) -> Process:
        """Offer so many beats at the output, each when it has come there."""
        for beat in range(beats):
            while len(self.entered) <= beat:
                yield
            yield from self.o.taken(beat - 1)
            # Before the first beat has come to the output, steps and cycles are one.
            self.o.offer(self.entered[0] + self.latency if beat == 0 else
                         self.o.takes[-1] + self.entered[beat] - self.entered[beat - 1])
