"""A trainable spiking network: named layers on named tensors, as the integer graph has them."""

import json
from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn

from golden.layers import Layer, Shape
from ir import IMAGE, Encoding, TensorType

__all__ = ["Net", "Recorder"]

Recorder = Callable[[str, Tensor], None]
"""Called with the name of each tensor of the graph and its values ``[T, N, H, W, C]``."""


class Net(nn.Module):
    """A spiking network, node for node what becomes the integer graph.

    ``net(images)`` takes uint8 ``[N, C, H, W]``, or ``[N, T, C, H, W]`` where the image has
    several steps, and returns logits ``[N, classes]``. ``net(images, record)`` also calls
    ``record`` with every tensor.

    Parameters
    ----------
    image : TensorType
        Pixels of one time step, or counts of events in frames.
    encoding : Encoding
        What a pixel means.
    architecture : str
        The function that built it, for checkpoints; see :mod:`golden.zoo`.
    arguments : mapping
        What that function was given; JSON must hold it.

    Members
    -------
    layers : nn.ModuleDict
        In topological order; the last makes the logits.
    inputs : dict of str to tuple of str
        The tensors that each layer reads.
    shapes : dict of str to Shape
        Steps, channels, height and width of every tensor, the image included.

    Raises
    ------
    ValueError
        For an encoding that does not fit the image.
    """

    def __init__(self, image: TensorType, encoding: Encoding | None = None,
                 architecture: str = "", arguments: Mapping[str, object] | None = None):
        super().__init__()
        self.image, self.encoding = image, encoding or Encoding()
        # as a checkpoint gives them back
        self.architecture, self.arguments = architecture, json.loads(json.dumps(
            dict(arguments or {})))
        self.layers = nn.ModuleDict()
        self.inputs: dict[str, tuple[str, ...]] = {}
        self.shapes: dict[str, Shape] = {IMAGE: image.shape}
        for name in ("mean", "std"):
            count = len(getattr(self.encoding, name))
            if count not in (1, image.channels):
                raise ValueError(f"Encoding {name} has {count} values for {image.channels} "
                                 "channels")
        if self.encoding.scale <= 0 or min(self.encoding.std) <= 0:
            raise ValueError("Encoding scale and std must be above zero, not "
                             f"{self.encoding.scale} and {min(self.encoding.std)}")

    def add(self, name: str, layer: Layer, *inputs: str) -> str:
        """Put a layer behind the tensors ``inputs`` and return the name of what it makes.

        Raises ValueError for a double or unknown name, or inputs that the layer does not take.
        """
        if not name.isidentifier() or name in self.shapes:
            raise ValueError(f"Layer name {name!r} is taken or no identifier")
        if unknown := [each for each in inputs if each not in self.shapes]:
            raise ValueError(f"Layer {name!r} reads {unknown[0]!r}, which is not made before it")
        self.shapes[name] = self._shape(name, layer, inputs)
        self.layers[name] = layer
        self.inputs[name] = inputs
        return name

    @torch.no_grad()
    def _shape(self, name: str, layer: Layer, inputs: tuple[str, ...]) -> Shape:
        values = []
        for each in inputs:
            steps, channels, height, width = self.shapes[each]
            values.append(torch.zeros(steps, 1, height, width, channels))
        training = layer.training
        try:
            made = layer.eval()(*values)
        except (RuntimeError, TypeError, ValueError) as error:
            shapes = ", ".join(str(self.shapes[each]) for each in inputs)
            raise ValueError(f"Layer {name!r}, {type(layer).__name__}, does not take {shapes}: "
                             f"{error}") from error
        layer.train(training)
        steps, _, height, width, channels = made.shape
        return steps, channels, height, width

    @property
    def steps(self) -> int:
        """Time steps, wherever there are most."""
        return max(steps for steps, *_ in self.shapes.values())

    @property
    def classes(self) -> int:
        """How many logits there are; ValueError where the last layer makes none."""
        last = next(reversed(self.shapes))
        steps, channels, height, width = self.shapes[last]
        if last == IMAGE or (steps, height, width) != (1, 1, 1):
            raise ValueError(f"A network must end in one step of one position, not "
                             f"{self.shapes[last]}")
        return channels

    def layer(self, name: str) -> Layer:
        """The layer that makes a tensor."""
        layer = self.layers[name]
        assert isinstance(layer, Layer), "add takes layers alone"
        return layer

    def named_layers(self) -> Iterator[tuple[str, Layer]]:
        """All of them, in topological order."""
        return ((name, self.layer(name)) for name in self.layers)

    def readers(self, name: str) -> list[str]:
        """The layers that read a tensor."""
        return [reader for reader, inputs in self.inputs.items() if name in inputs]

    def check(self) -> None:
        """Raises ValueError for a network that is not whole: unread tensors, no logits."""
        read = {name for inputs in self.inputs.values() for name in inputs}
        last = next(reversed(self.shapes))
        if unread := [name for name in self.inputs if name not in read and name != last]:
            raise ValueError(f"Nothing reads layer {unread[0]!r}")
        _ = self.classes

    def encode(self, images: Tensor) -> Tensor:
        """What enters the first layer, ``[T, N, H, W, C]``: pixels as the encoding reads them."""
        encoding = self.encoding
        x = self.frames(images) * float(encoding.scale)
        mean, std = (torch.tensor(values) for values in (encoding.mean, encoding.std))
        return (x - mean) / std

    def frames(self, images: Tensor) -> Tensor:
        """Images as float32 ``[T, N, H, W, C]``; ValueError for images of another shape."""
        shape = self.image.shape[1:] if self.image.steps == 1 else self.image.shape
        if tuple(images.shape[1:]) != shape:
            raise ValueError(f"The network takes images [N, {', '.join(map(str, shape))}], not "
                             f"{list(images.shape)}")
        x = images.unsqueeze(1) if self.image.steps == 1 else images
        return x.permute(1, 0, 3, 4, 2).to(torch.float32)

    def rescale(self, logits: Tensor) -> Tensor:
        """Logits ``[N, classes]`` in the float model's units, from what the last layer made."""
        return logits

    def compute(self, name: str, inputs: list[Tensor]) -> Tensor:
        """What a layer makes of its inputs."""
        return self.layer(name)(*inputs)

    def forward(self, images: Tensor, record: Recorder | None = None) -> Tensor:
        self.check()
        alive, x = {IMAGE: self.encode(images)}, None
        last_use = {name: reader for reader, inputs in self.inputs.items() for name in inputs}
        for name in self.layers:
            x = self.compute(name, [alive[each] for each in self.inputs[name]])
            if record is not None:
                record(name, x)
            alive[name] = x
            for each in set(self.inputs[name]):
                if last_use[each] == name:
                    del alive[each]
        assert x is not None, "a checked network has layers"
        return self.rescale(x[0, :, 0, 0])
