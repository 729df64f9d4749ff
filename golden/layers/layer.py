"""What every layer of a network is."""

from torch import Tensor, nn

from ir.ops import Op

__all__ = ["Layer", "Shape"]

Shape = tuple[int, int, int, int]
"""Of one image's tensor: steps, channels, height, width."""


class Layer(nn.Module):
    """One node of a network, on tensors ``[T, N, H, W, C]``: trainable, in floats.

    Members
    -------
    integers : bool
        Whether it computes what :meth:`op` says on integers, held in floats; set by quantisation.
    ties : int
        How many of its inputs, from the first, have a unit that its output's follows.
    """

    integers: bool = False
    ties: int = 0

    def unit(self, shape: Shape, *units: Tensor) -> Tensor:
        """What 1.0 is in the integers that leave, ``[C]``, for the units of those that enter.

        ``shape`` is the first input's.
        """
        raise NotImplementedError(f"{type(self).__name__} has no unit of its own")

    def op(self) -> Op:
        """The operator of the integer graph; ValueError where there is none for such inputs."""
        raise NotImplementedError(f"{type(self).__name__} is no operator before quantisation")
