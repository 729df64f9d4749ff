"""The shape of a spiking transformer, as a value that checkpoints carry."""

import json
from dataclasses import asdict, dataclass, field
from enum import Enum
from fractions import Fraction

from ir import Encoding

__all__ = ["Attention", "ModelConfig"]


class Attention(Enum):
    """How tokens meet."""

    MASK = "mask"
    """Spike-driven self-attention: AND and OR, see :class:`ir.ops.MaskAttention`."""

    SELF = "self"
    """Spiking self-attention: products of spikes, see :class:`ir.ops.SelfAttention`."""


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """A convolutional stem, transformer blocks on a membrane shortcut, and a spiking head.

    Parameters
    ----------
    channels, height, width : int
        Of the image.
    classes : int
    steps : int
        Time steps T; the first layer's current is held for all of them.
    stem : tuple of int
        Channels of the stem's convolutions but the last, which has ``dim``.
    strides : tuple of int
        Of all stem convolutions, the last included: one more than ``stem``.
    dim : int
        Channels of a token, D.
    blocks : int
    hidden : int
        Channels inside the MLP.
    attention : Attention
    heads : int
        Of :attr:`Attention.SELF`; 1 for masks, which work channel by channel.
    position : bool
        Whether a relative position embedding, ``x + BN(conv3x3(LIF(x)))``, follows the stem.
    encoding : Encoding
        What a pixel means. The pixel that means zero, ``mean / scale``, must be one whole number
        for all channels: the stem pads with it, exactly.

    Raises
    ------
    TypeError, ValueError
        For anything that no such network has; names field, rule and value.
    """

    channels: int
    height: int
    width: int
    classes: int
    steps: int
    stem: tuple[int, ...]
    strides: tuple[int, ...]
    dim: int
    blocks: int
    hidden: int
    attention: Attention = Attention.MASK
    heads: int = 1
    position: bool = False
    encoding: Encoding = field(default_factory=Encoding)

    def __post_init__(self):
        for name in ("channels", "height", "width", "steps", "dim", "blocks", "hidden", "heads"):
            _at_least(name, getattr(self, name), 1)
        _at_least("classes", self.classes, 2)
        if not isinstance(self.attention, Attention):
            raise TypeError(f"ModelConfig attention must be an Attention, not {self.attention!r}")
        if not self.stem:
            raise ValueError("ModelConfig stem needs at least one convolution before the last: "
                             "the residual stream cannot be written from pixels")
        if len(self.strides) != len(self.stem) + 1:
            raise ValueError(f"ModelConfig has {len(self.strides)} strides for "
                             f"{len(self.stem) + 1} stem convolutions")
        for value in (*self.stem, *self.strides):
            _at_least("stem and strides", value, 1)
        if self.attention is Attention.MASK and self.heads != 1:
            raise ValueError(f"ModelConfig heads must be 1 with mask attention, not {self.heads}")
        if self.dim % self.heads:
            raise ValueError(f"ModelConfig dim {self.dim} is not a multiple of "
                             f"{self.heads} heads")
        _ = self.zero_pixel

    @property
    def zero_pixel(self) -> int:
        """The pixel value that means zero; ValueError where there is no such whole number."""
        encoding = self.encoding
        for name in ("mean", "std"):
            count = len(getattr(encoding, name))
            if count not in (1, self.channels):
                raise ValueError(f"Encoding {name} has {count} values for {self.channels} "
                                 "channels")
        if encoding.scale <= 0 or min(encoding.std) <= 0:
            raise ValueError("Encoding scale and std must be above zero, not "
                             f"{encoding.scale} and {min(encoding.std)}")
        zeros = {mean / float(encoding.scale) for mean in encoding.mean}
        nearest = round(min(zeros))
        if len(zeros) > 1 or abs(nearest - min(zeros)) > 1e-6 or not 0 <= nearest <= 255:
            raise ValueError(f"Encoding mean {encoding.mean} at scale {encoding.scale} is pixel "
                             f"{sorted(zeros)}, not one whole pixel value 0..255: padding with "
                             "zero could not be exact; choose such a mean before training")
        return nearest

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of tokens."""
        height, width = self.height, self.width
        for stride in self.strides:
            height, width = (height - 1) // stride + 1, (width - 1) // stride + 1
        return height, width

    @property
    def tokens(self) -> int:
        return self.grid[0] * self.grid[1]

    def to_json(self) -> str:
        """One line of JSON that :meth:`from_json` reads back to an equal value."""
        encoding = asdict(self.encoding) | {"scale": str(self.encoding.scale)}
        record = asdict(self) | {"attention": self.attention.value, "encoding": encoding}
        return json.dumps(record, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "ModelConfig":
        """The value that :meth:`to_json` wrote; raises ValueError for any other text."""
        try:
            record = json.loads(text)
            encoding = record.pop("encoding")
            record["encoding"] = Encoding(scale=Fraction(encoding["scale"]),
                                          mean=tuple(encoding["mean"]),
                                          std=tuple(encoding["std"]))
            record["attention"] = Attention(record["attention"])
            record["stem"] = tuple(record["stem"])
            record["strides"] = tuple(record["strides"])
            return cls(**record)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"Not the description of a model: {error}") from error


def _at_least(name: str, value: object, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"ModelConfig {name} must be an int, not {value!r}")
    if value < least:
        raise ValueError(f"ModelConfig {name} must be at least {least}, not {value}")
