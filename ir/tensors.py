"""What an edge of the graph carries: the shape of a tensor and the interval of its integers."""

from dataclasses import dataclass

__all__ = ["Interval", "TensorType"]


@dataclass(frozen=True)
class Interval:
    """Every integer from ``low`` to ``high``, both included."""

    low: int
    high: int

    def __post_init__(self):
        if self.low > self.high:
            raise ValueError(f"Interval {self.low}..{self.high} is empty")

    def __str__(self):
        return f"{self.low}..{self.high}"

    def __add__(self, other: "Interval") -> "Interval":
        return Interval(self.low + other.low, self.high + other.high)

    @property
    def signed(self) -> bool:
        return self.low < 0

    @property
    def bits(self) -> int:
        """Bits of the narrowest binary that holds every value; two's complement if signed."""
        if self.signed:
            return max(self.high.bit_length(), (-self.low - 1).bit_length()) + 1
        return max(1, self.high.bit_length())


@dataclass(frozen=True, kw_only=True)
class TensorType:
    """Integers in a proven interval, of shape ``[steps, channels, height, width]``.

    Tokens are positions in raster order: ``height * width`` of them.
    """

    steps: int
    channels: int
    height: int
    width: int
    interval: Interval

    def __post_init__(self):
        for name in ("steps", "channels", "height", "width"):
            if getattr(self, name) < 1:
                raise ValueError(f"TensorType {name} must be at least 1, "
                                 f"not {getattr(self, name)}")

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return self.steps, self.channels, self.height, self.width

    @property
    def positions(self) -> int:
        return self.height * self.width

    @property
    def values(self) -> int:
        """How many integers one image has in this tensor."""
        return self.steps * self.channels * self.height * self.width

    @property
    def is_spikes(self) -> bool:
        return self.interval == Interval(0, 1)
