"""Streams as times: when each beat is offered, and when it is taken.

A cost model of cycles is a set of processes, Python generators that work through the beats of the
wires between them and yield while a time they need is not known yet. Times depend on the data
and on the depth of buffers, never on the order in which the processes run.
"""

from collections.abc import Generator, Iterable, Sequence

__all__ = ["Process", "Wire", "buffer", "fork", "play"]

Process = Generator[None, None, None]


class Wire:
    """The cycle in which each beat of a stream is first offered, and in which it is taken."""

    def __init__(self):
        self.offers: list[int] = []
        self.takes: list[int] = []

    def offered(self, beat: int) -> Process:
        """Wait until the offer of ``beat`` is known."""
        while len(self.offers) <= beat:
            yield

    def taken(self, beat: int) -> Process:
        """Wait until the take of ``beat`` is known; not at all for one before the first."""
        while beat >= 0 and len(self.takes) <= beat:
            yield

    def offer(self, cycle: int) -> None:
        """Offer the next beat, at ``cycle`` or in the cycle after the last offer."""
        self.offers.append(max(cycle, self.offers[-1] + 1 if self.offers else 0))

    def take(self, cycle: int) -> int:
        """Take the next beat, at ``cycle`` or when it is offered; return when that was."""
        beat = len(self.takes)
        self.takes.append(max(cycle, self.offers[beat]))
        return self.takes[beat]


def buffer(i: Wire, o: Wire, beats: int, depth: int, latency: int) -> Process:
    """Pass ``beats`` through a buffer: at most ``depth`` inside, ``latency`` cycles when empty."""
    for beat in range(beats):
        yield from i.offered(beat)
        yield from o.taken(beat - depth)
        room = o.takes[beat - depth] + 1 if beat >= depth else 0
        o.offer(i.take(max(room, i.takes[-1] + 1 if beat else 0)) + latency)


def fork(i: Wire, outputs: Sequence[Wire], beats: int) -> Process:
    """Hand each of ``beats`` to every output; it is taken when the last of them takes it."""
    for beat in range(beats):
        yield from i.offered(beat)
        cycle = max(i.offers[beat], i.takes[-1] + 1 if beat else 0)
        for output in outputs:
            output.offer(cycle)
        for output in outputs:
            yield from output.taken(beat)
        i.take(max(output.takes[beat] for output in outputs))


def play(processes: Iterable[Process], wires: Iterable[Wire]) -> None:
    """Run processes until all have ended.

    Raises RuntimeError when no time on any wire becomes known any more: a deadlock.
    """
    waiting, wires = list(processes), list(wires)
    known, idle = -1, 0
    while waiting:
        now = sum(len(wire.offers) + len(wire.takes) for wire in wires)
        # Wires inside of a stage may be all that goes on, from one process to the next.
        idle = idle + 1 if now == known else 0
        if idle > len(waiting):
            raise RuntimeError(f"{len(waiting)} processes wait for each other: the circuit would "
                               "lock up")
        known = now
        # A process that is not done gives one None each time it has to wait.
        waiting = [process for process in waiting if next(process, "done") is None]
