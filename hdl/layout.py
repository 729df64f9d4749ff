"""How a tensor travels over a stream: what one beat holds, and in which order beats come."""

from collections.abc import Iterator
from dataclasses import dataclass

from amaranth.hdl import Shape, signed, unsigned
from amaranth.lib import data, stream

from ir.tensors import Interval, TensorType

__all__ = ["Layout", "shape_of"]


def shape_of(interval: Interval) -> Shape:
    """The smallest shape that holds every integer of ``interval``."""
    return signed(interval.bits) if interval.signed else unsigned(interval.bits)


@dataclass(frozen=True)
class Layout:
    """A tensor cut into beats of ``lanes`` channels.

    Beats come in the order position (raster), block of ``block`` channels, time step, group of
    ``lanes`` channels inside the block. An engine that finishes ``block`` channels at once, one
    time step after the other, has this order by nature, and a neuron behind it keeps the membrane
    potentials of one block only.

    Raises ValueError unless ``lanes`` divides ``block`` and ``block`` divides the channels.

    Parameters
    ----------
    tensor : :class:`TensorType`
    block, lanes : int
    positions : int
        Neighbours that a beat holds: of an image that comes several pixels a beat, with all
        channels of its one time step.
    """

    tensor: TensorType
    block: int
    lanes: int
    positions: int = 1

    def __post_init__(self):
        if self.block < 1 or self.tensor.channels % self.block:
            raise ValueError(f"A block of {self.block} channels does not divide "
                             f"{self.tensor.channels} channels")
        if self.lanes < 1 or self.block % self.lanes:
            raise ValueError(f"{self.lanes} lanes do not divide a block of {self.block} channels")
        if self.positions > 1 and (self.lanes * self.tensor.steps != self.tensor.channels
                                   or self.tensor.positions % self.positions):
            raise ValueError(f"Beats of {self.positions} positions do not hold a map of "
                             f"{self.tensor.positions} with {self.tensor.channels} channels")

    @property
    def shape(self) -> Shape:
        """The shape of one value."""
        return shape_of(self.tensor.interval)

    @property
    def groups(self) -> int:
        """Beats of one block at one time step."""
        return self.block // self.lanes

    @property
    def blocks(self) -> int:
        return self.tensor.channels // self.block

    @property
    def position_beats(self) -> int:
        """Beats of one position: all its channels at all time steps."""
        return self.blocks * self.tensor.steps * self.groups

    @property
    def image_beats(self) -> int:
        return self.tensor.positions * self.position_beats // self.positions

    @property
    def bits(self) -> int:
        """Bits of one beat."""
        return self.positions * self.lanes * self.tensor.interval.bits

    @property
    def whole(self) -> bool:
        """Whether a beat holds all channels of one position at a time step."""
        return self.positions == 1 and self.lanes == self.tensor.channels

    @property
    def payload(self) -> data.ArrayLayout:
        """One beat: an array of its values."""
        return data.ArrayLayout(self.shape, self.positions * self.lanes)

    def signature(self) -> stream.Signature:
        """The stream of these beats."""
        return stream.Signature(self.payload)

    def order(self) -> Iterator[tuple[int, int, int]]:
        """For every beat of an image: position, time step, first channel."""
        for position in range(self.tensor.positions):
            for block in range(self.blocks):
                for step in range(self.tensor.steps):
                    for group in range(self.groups):
                        yield position, step, block * self.block + group * self.lanes

    def retyped(self, tensor: TensorType) -> "Layout":
        """The same cut of another tensor."""
        return Layout(tensor, self.block, self.lanes)

    @classmethod
    def of_whole(cls, tensor: TensorType) -> "Layout":
        """All channels of a position and time step in a beat."""
        return cls(tensor, tensor.channels, tensor.channels)
