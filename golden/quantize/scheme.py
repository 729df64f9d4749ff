"""How many bits numbers get."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

__all__ = ["Scheme"]

WEIGHT_BITS = (2, 3, 4, 8)


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """Bits of weights and resolution of sums.

    Parameters
    ----------
    weight_bits : int
        2, 3, 4 or 8, of every layer that has no own figure. Weights are symmetric:
        ``-(2**(bits - 1) - 1) .. 2**(bits - 1) - 1``.
    first_bits, head_bits : int, optional
        Of the layers that read the image, and of the one that makes the logits.
    layer_bits : mapping of str to int
        Of single layers, by name; counts before all others.
    fan_in : mapping of str to int
        Of single layers, by name: so many weights of a channel stay, the largest; the others are
        zero. Weights as logic take room for these alone.
    fraction_bits : int
        By how many bits sums are shifted before bias and threshold, which thus get finer.
    stream_bits : int
        A residual stream counts in units of ``2**-stream_bits`` of a threshold, or in finer ones
        where other than spikes are weighed on their way to it.
    shifts : int
        How many neighbouring shifts the channels of one writer of the stream may choose from.

    Raises
    ------
    ValueError
        For other bits, a fan-in below 1, or amounts outside 0..8 (fraction), 2..12 (stream),
        1..12 (shifts).
    """

    weight_bits: int = 4
    first_bits: int | None = None
    head_bits: int | None = None
    layer_bits: Mapping[str, int] = field(default_factory=dict)
    fan_in: Mapping[str, int] = field(default_factory=dict)
    fraction_bits: int = 2
    stream_bits: int = 6
    shifts: int = 2

    def __post_init__(self):
        for name in ("weight_bits", "first_bits", "head_bits"):
            bits = getattr(self, name)
            if bits is not None or name == "weight_bits":
                _check_bits(name, bits)
        for name, bits in self.layer_bits.items():
            _check_bits(f"layer_bits of {name!r}", bits)
        for name, count in self.fan_in.items():
            if count < 1:
                raise ValueError(f"Scheme fan_in of {name!r} must be at least 1, not {count}")
        for name, low, high in (("fraction_bits", 0, 8), ("stream_bits", 2, 12),
                                ("shifts", 1, 12)):
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"Scheme {name} must be {low} to {high}, "
                                 f"not {getattr(self, name)}")

    def bits(self, name: str, *, first: bool, head: bool) -> int:
        """Of the weights of the layer called ``name``."""
        own = self.first_bits if first else self.head_bits if head else None
        return self.layer_bits.get(name) or own or self.weight_bits

    def to_json(self) -> str:
        """One line of JSON that :meth:`from_json` reads back to an equal value."""
        record = asdict(self) | {
            "layer_bits": dict(self.layer_bits), "fan_in": dict(self.fan_in)}
        return json.dumps(record, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Scheme":
        """The value that :meth:`to_json` wrote; raises ValueError for any other text."""
        try:
            return cls(**json.loads(text))
        except (AttributeError, TypeError) as error:
            raise ValueError(f"Not the description of a quantisation: {error}") from error


def _check_bits(name: str, bits: object) -> None:
    if bits not in WEIGHT_BITS:
        raise ValueError(f"Scheme {name} must be one of 2, 3, 4, 8, not {bits!r}")
