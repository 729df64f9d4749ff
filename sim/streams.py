"""Drive and read streams from testbenches of Amaranth's own simulator."""

from collections.abc import Callable, Iterable

from amaranth.lib import data

__all__ = ["Gap", "receive", "send"]

Gap = int | Callable[[], int]
"""Idle cycles before a transfer: always as many, or asked for each transfer."""


async def send(ctx, stream, beats: Iterable, gap: Gap = 0) -> None:
    """Offer every beat until it is taken, ``gap`` idle cycles before each.

    ``beats`` hold what the payload is set to: an int, a dict for a struct, a list for an array.
    ``valid`` is low on return.
    """
    for beat in beats:
        if idle := _cycles(gap):
            ctx.set(stream.valid, 0)
            await ctx.tick().repeat(idle)
        ctx.set(stream.payload, beat)
        ctx.set(stream.valid, 1)
        await ctx.tick().until(stream.ready)
    ctx.set(stream.valid, 0)


async def receive(ctx, stream, count: int, gap: Gap = 0) -> list:
    """Take ``count`` beats, ``gap`` cycles of refusal before each; ``ready`` is low on return.

    Payloads come as plain values: an int, a dict for a struct, a list for an array. Raises
    AssertionError when an offered payload is withdrawn or changes while it is refused.
    """
    beats = []
    for _ in range(count):
        if idle := _cycles(gap):
            ctx.set(stream.ready, 0)
            await _refuse(ctx, stream, idle)
        ctx.set(stream.ready, 1)
        (payload,) = await ctx.tick().sample(stream.payload).until(stream.valid)
        beats.append(_plain(payload))
    ctx.set(stream.ready, 0)
    return beats


async def _refuse(ctx, stream, cycles: int) -> None:
    offered = None
    for _ in range(cycles):
        *_, valid, payload = await ctx.tick().sample(stream.valid, stream.payload)
        current = _plain(payload)
        if offered is not None:
            assert valid, f"stream withdrew the payload {offered[0]!r} that was not taken"
            assert current == offered[0], (
                f"stream changed the payload {offered[0]!r} to {current!r} before it was taken")
        elif valid:
            offered = (current,)


def _cycles(gap: Gap) -> int:
    return gap() if callable(gap) else gap


def _plain(value):
    """``value`` without Amaranth's views: ints, dicts and lists."""
    if not isinstance(value, data.Const):
        return value
    layout = value.shape()
    if isinstance(layout, data.ArrayLayout):
        return [_plain(value[index]) for index in range(layout.length)]
    return {name: _plain(value[name]) for name, _ in layout}
