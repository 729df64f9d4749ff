"""The spike-driven transformer: one forward path for float and integer weights."""

from collections.abc import Callable

import torch
from torch import Generator, Tensor, nn

from golden.models.config import Attention, ModelConfig
from golden.models.neurons import Lif, any_spike
from golden.models.synapse import Synapse

__all__ = ["Block", "Recorder", "SpikingTransformer", "attend"]

Recorder = Callable[[str, Tensor], None]
"""Called with the name of each tensor of the graph and its values ``[T, N, H, W, C]``."""

BRANCH_GAIN = 0.3
"""Batch norm weight with which branches into the shortcut start."""


def attend(qkv: Tensor, attention: Attention, heads: int) -> Tensor:
    """Attention on spikes ``[T, N, H, W, 3C]``: masks' spikes, or sums of products."""
    tokens = qkv.flatten(2, 3)
    query, key, value = tokens.chunk(3, dim=-1)
    if attention is Attention.MASK:
        mask = any_spike((key * value).sum(2, keepdim=True))
        result = query * mask
    else:
        query, key, value = (x.unflatten(-1, (heads, -1)).transpose(2, 3)
                             for x in (query, key, value))
        result = (query @ (key.transpose(-1, -2) @ value)).transpose(2, 3).flatten(-2)
    return result.reshape(*qkv.shape[:-1], -1)


def _lif(threshold: float = 1.0, unit: float = 1.0) -> Lif:
    return Lif(torch.tensor([threshold]), torch.tensor([unit]))


class Block(nn.Module):
    """Attention and MLP, each a branch of the membrane shortcut."""

    def __init__(self, config: ModelConfig, generator: Generator):
        super().__init__()
        dim, hidden = config.dim, config.hidden
        self.attention = config.attention
        self.heads = config.heads
        self.lif = _lif()
        self.qkv = Synapse(dim, 3 * dim, generator=generator)
        self.qkv_lif = _lif()
        # threshold 0.5 at scale 1/8
        if config.attention is Attention.SELF:
            self.attn_lif = _lif(4.0, 8.0)
        self.proj = Synapse(dim, dim, gain=BRANCH_GAIN, generator=generator)
        self.mlp_lif = _lif()
        self.fc1 = Synapse(dim, hidden, generator=generator)
        self.fc1_lif = _lif()
        self.fc2 = Synapse(hidden, dim, gain=BRANCH_GAIN, generator=generator)

    def forward(self, x: Tensor, note: Callable[[str, Tensor], Tensor]) -> Tensor:
        y = note("lif", self.lif(x))
        y = note("qkv", self.qkv(y))
        y = note("qkv_lif", self.qkv_lif(y))
        y = note("attn", attend(y, self.attention, self.heads))
        if self.attention is Attention.SELF:
            y = note("attn_lif", self.attn_lif(y))
        y = note("proj", self.proj(y))
        x = note("add", x + y)
        y = note("mlp_lif", self.mlp_lif(x))
        y = note("fc1", self.fc1(y))
        y = note("fc1_lif", self.fc1_lif(y))
        y = note("fc2", self.fc2(y))
        return note("mlp_add", x + y)


class SpikingTransformer(nn.Module):
    """A trainable network of :class:`ModelConfig`'s shape.

    ``model(images)`` takes uint8 ``[N, C, H, W]`` and returns float logits ``[N, classes]``.
    ``model(images, record)`` also calls ``record`` with every tensor, by its name in the graph.

    Parameters
    ----------
    config : ModelConfig
    seed : int
        Of the initial weights.
    """

    def __init__(self, config: ModelConfig, *, seed: int = 0):
        super().__init__()
        self.config = config
        generator = Generator().manual_seed(seed)
        sizes = (config.channels, *config.stem, config.dim)
        self.stem = nn.ModuleList(
            Synapse(inputs, outputs, kernel=3, stride=stride, generator=generator)
            for inputs, outputs, stride in zip(sizes, sizes[1:], config.strides, strict=False))
        self.stem_lifs = nn.ModuleList(_lif() for _ in config.stem)
        if config.position:
            self.rpe_lif = _lif()
            self.rpe = Synapse(config.dim, config.dim, kernel=3, gain=BRANCH_GAIN,
                               generator=generator)
        self.blocks = nn.ModuleList(Block(config, generator) for _ in range(config.blocks))
        self.head_lif = _lif(float(config.tokens), float(config.tokens))
        self.head = Synapse(config.dim, config.classes, norm=False, generator=generator)

    def parts(self) -> dict[str, nn.Module]:
        """Every layer of weights and of neurons by its name in the graph, in the data's order."""
        parts: dict[str, nn.Module] = {}
        for i, layer in enumerate(self.stem):
            parts[f"stem{i}"] = layer
            if i < len(self.stem_lifs):
                parts[f"stem{i}_lif"] = self.stem_lifs[i]
        if self.config.position:
            parts |= {"rpe_lif": self.rpe_lif, "rpe": self.rpe}
        for i, block in enumerate(self.blocks):
            parts |= {f"block{i}_{name}": part for name, part in block.named_children()}
        return parts | {"head_lif": self.head_lif, "head": self.head}

    def synapses(self) -> dict[str, Synapse]:
        """The layers of weights among :meth:`parts`."""
        return {name: part for name, part in self.parts().items() if isinstance(part, Synapse)}

    def neurons(self) -> dict[str, Lif]:
        """The layers of neurons among :meth:`parts`."""
        return {name: part for name, part in self.parts().items() if isinstance(part, Lif)}

    def encode(self, images: Tensor) -> Tensor:
        """What enters the first layer, ``[1, N, H, W, C]``: pixels as the encoding reads them."""
        encoding = self.config.encoding
        x = images.permute(0, 2, 3, 1).to(torch.float32) * float(encoding.scale)
        mean, std = (torch.tensor(values, device=x.device)
                     for values in (encoding.mean, encoding.std))
        return ((x - mean) / std).unsqueeze(0)

    def read_out(self, count: Tensor) -> Tensor:
        """Logits ``[1, N, 1, 1, classes]`` of the head's spike counts ``[1, N, 1, 1, D]``."""
        return self.head(count / self.config.steps)

    def rescale(self, logits: Tensor) -> Tensor:
        """Logits ``[N, classes]`` in the float model's units, from what the head wrote."""
        return logits

    def forward(self, images: Tensor, record: Recorder | None = None) -> Tensor:
        def note(name: str, x: Tensor) -> Tensor:
            if record is not None:
                record(name, x)
            return x

        x = note("stem0", self.stem[0](self.encode(images)))
        if self.config.steps > 1:
            x = note("stem0_repeat", x.expand(self.config.steps, *x.shape[1:]))
        for i, (lif, layer) in enumerate(zip(self.stem_lifs, self.stem[1:], strict=True)):
            x = note(f"stem{i}_lif", lif(x))
            x = note(f"stem{i + 1}", layer(x))
        if self.config.position:
            y = note("rpe_lif", self.rpe_lif(x))
            x = note("rpe_add", x + note("rpe", self.rpe(y)))
        for i, block in enumerate(self.blocks):
            x = block(x, lambda name, y, i=i: note(f"block{i}_{name}", y))
        x = note("pool", x.sum((2, 3), keepdim=True))
        x = note("head_lif", self.head_lif(x))
        x = note("count", x.sum(0, keepdim=True))
        return self.rescale(note("head", self.read_out(x))[0, :, 0, 0])
