"""What an rtl folder says of its circuit: files, sizes, and the order of values on each wire."""

import json
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Manifest", "Tensor", "read_manifest"]


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """How one tensor crosses its wire, ``lanes`` values to a beat, lane 0 in the low bits.

    The order is position (raster), block of ``block`` channels, time step, group of ``lanes``
    channels inside the block; more lanes than channels are neighbouring positions of one time
    step. A membrane crosses no wire: it is seen inside the neurons ``unit``,
    behind so many stages of their pipeline as ``stage`` says.
    """

    name: str
    fire: str
    data: str
    shape: tuple[int, int, int, int]
    block: int
    lanes: int
    bits: int
    signed: bool
    unit: str | None = None
    stage: int = 0

    def __post_init__(self):
        neighbours = (self.lanes % self.block == self.values % self.lanes == 0
                      and self.shape[0] == 1 and self.block == self.channels)
        if self.channels % self.block or (self.block % self.lanes and not neighbours):
            raise ValueError(f"Tensor {self.name!r} of {self.channels} channels cannot cross in "
                             f"blocks of {self.block} by {self.lanes} lanes")
        if not 1 <= self.bits <= 64:
            raise ValueError(f"Tensor {self.name!r} has {self.bits} bits, not 1 to 64")

    @property
    def channels(self) -> int:
        return self.shape[1]

    @property
    def values(self) -> int:
        """Values of one image."""
        return prod(self.shape)

    @property
    def beats(self) -> int:
        """Beats of one image."""
        return self.values // self.lanes

    @property
    def dtype(self) -> np.dtype:
        """The narrowest numpy integer that holds a value; the driver writes the same."""
        size = next(size for size in (1, 2, 4, 8) if self.bits <= 8 * size)
        return np.dtype(f"<{'i' if self.signed else 'u'}{size}")

    def decode(self, values: np.ndarray) -> np.ndarray:
        """Values of whole images in wire order as ``[N, T, C, H, W]``."""
        steps, channels, height, width = self.shape
        wire = values.reshape(-1, height * width, channels // self.block, steps, self.block)
        return wire.transpose(0, 3, 2, 4, 1).reshape(-1, *self.shape)

    def encode(self, tensor: np.ndarray) -> np.ndarray:
        """The inverse of :meth:`decode`: ``[N, T, C, H, W]`` as one row per image."""
        steps, channels, height, width = self.shape
        split = tensor.reshape(-1, steps, channels // self.block, self.block, height * width)
        return split.transpose(0, 4, 2, 1, 3).reshape(len(tensor), self.values)


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The circuit in a folder, as its ``manifest.json`` describes it.

    ``probed`` says whether its tensors can be seen in it; a mapped netlist has lost them.
    ``membranes`` are no tensors unless they are asked for, with :meth:`opened`.
    """

    folder: Path
    top: str
    sources: tuple[str, ...]
    memories: tuple[str, ...]
    probe_path: tuple[str, ...]
    input_beats: int
    pixels: int
    output_beats: int
    pixel_bits: int
    pixels_per_beat: int
    tensors: tuple[Tensor, ...]
    membranes: tuple[Tensor, ...] = ()
    probed: bool = True

    @property
    def probes(self) -> tuple[Tensor, ...]:
        """The tensors that can be seen in the circuit."""
        return self.tensors if self.probed else ()

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Channels, height and width of an image; time steps before them if it has several."""
        shape = self.tensor("image").shape
        return shape[1:] if shape[0] == 1 else shape

    def tensor(self, name: str) -> Tensor:
        """The tensor called ``name``; raises ValueError naming those that there are."""
        for tensor in self.tensors:
            if tensor.name == name:
                return tensor
        raise ValueError(f"The circuit in {self.folder} traces no tensor {name!r}; it traces "
                         f"{', '.join(tensor.name for tensor in self.tensors)}")

    def opened(self) -> "Manifest":
        """The same circuit with its neurons' membranes among the tensors."""
        return replace(self, tensors=(*self.tensors, *self.membranes))

    def netlist(self, folder: Path, sources: tuple[str, ...]) -> "Manifest":
        """The same circuit made of a device's cells, without memory files or probes."""
        return replace(self, folder=folder, sources=sources, memories=(), probed=False)

    def beats(self, images: np.ndarray) -> np.ndarray:
        """Images uint8 ``[N, C, H, W]`` as stream words uint32 ``[N, input_beats]``.

        ``pixels_per_beat`` to a word, the first in the lowest of its ``pixel_bits``; the channels
        of a position are neighbours, those of frames ``[N, T, C, H, W]`` frame by frame, and the
        last word is filled up with zeros. Raises TypeError or ValueError for anything that is not
        images of this circuit.
        """
        if not isinstance(images, np.ndarray) or images.dtype != np.uint8:
            kind = getattr(images, "dtype", type(images).__name__)
            raise TypeError(f"Images must be a uint8 array, not {kind}")
        if images.shape[1:] != self.image_shape:
            raise ValueError(f"Images must be [N, {', '.join(map(str, self.image_shape))}], "
                             f"not {list(images.shape)}")
        pixels = self.tensor("image").encode(images.reshape(-1, *self.tensor("image").shape))
        if pixels.size and pixels.max() >> self.pixel_bits:
            raise ValueError(f"Pixels must fit {self.pixel_bits} bits, {pixels.max()} does not")
        padded = np.zeros((len(images), self.input_beats * self.pixels_per_beat), "<u4")
        padded[:, :self.pixels] = pixels
        fields = padded.reshape(len(images), self.input_beats, self.pixels_per_beat)
        places = np.arange(self.pixels_per_beat, dtype="<u4") * np.uint32(self.pixel_bits)
        return np.bitwise_or.reduce(fields << places, axis=2)

    def pixels_of(self, words: np.ndarray) -> np.ndarray:
        """The pixels in stream words: the inverse of :meth:`beats`, as one row per image."""
        places = np.arange(self.pixels_per_beat, dtype="<u4") * np.uint32(self.pixel_bits)
        fields = words[..., None] >> places & np.uint32((1 << self.pixel_bits) - 1)
        return fields.reshape(len(words), -1)[:, :self.pixels].astype(np.uint8)


def _membrane(name: str, shape: list[int], **how: Any) -> Tensor:
    steps, channels, height, width = shape
    return Tensor(name=f"{name}.membrane", unit=name, fire=f"membrane_{name}_fire",
                  data=f"membrane_{name}_data", shape=(steps, channels, height, width), **how)


def read_manifest(folder: Path | str) -> Manifest:
    """Read ``manifest.json`` of an rtl folder; raises ValueError for what it cannot be."""
    folder = Path(folder).absolute()
    path = folder / "manifest.json"
    if not path.exists():
        raise ValueError(f"{folder} is no folder of a generated circuit: it has no manifest.json; "
                         "write one with `spikeloom generate`")
    try:
        content = json.loads(path.read_text())
        if content["format"] != 1:
            raise ValueError(f"{path} has format {content['format']}, and this reads format 1; "
                             "generate the circuit again")
        manifest = Manifest(
            folder=folder, top=content["top"], sources=tuple(content["sources"]),
            memories=tuple(content["memories"]), probe_path=tuple(content["probe_path"]),
            input_beats=content["input"]["beats"], pixels=content["input"]["pixels"],
            output_beats=content["output"]["beats"],
            pixel_bits=content["input"].get("pixel_bits", 8),
            pixels_per_beat=content["input"].get("pixels_per_beat", 4),
            tensors=tuple(Tensor(**{**tensor, "shape": tuple(tensor["shape"])})
                          for tensor in content["tensors"]),
            membranes=tuple(_membrane(**membrane) for membrane in content.get("membranes", ())))
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is damaged ({error!r}): generate the circuit again") from error
    for name in (*manifest.sources, *manifest.memories):
        if not (folder / name).is_file():
            raise ValueError(f"{folder} lacks {name!r}, which its manifest names: generate the "
                             "circuit again")
    return manifest
