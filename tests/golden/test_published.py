"""Published checkpoints: names and computation as in the four repositories."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from golden.zoo import ARCHITECTURES
from golden.zoo.published import load_published

SIZE = 16
COMMON = {"channels": 3, "height": SIZE, "width": SIZE, "classes": 10}
NETS = {
    "spikformer": {"steps": 2, "dim": 16, "heads": 2, "blocks": 2},
    "spikingformer": {"steps": 2, "dim": 16, "heads": 2, "blocks": 2},
    "spike_driven": {"steps": 2, "dim": 16, "blocks": 2},
    "qkformer": {"steps": 2, "widths": (8, 16, 32), "depths": (1, 1, 2), "heads": 4},
}
EMBED = "patch_embed."


class Names:
    """The tensors of a published model, made up, by the names that its code gives them."""

    def __init__(self, seed: int = 0):
        self.generator = torch.Generator().manual_seed(seed)
        self.state: dict[str, Tensor] = {}

    def conv(self, name: str, inputs: int, outputs: int, *kernel: int, bias: bool = False):
        fan_in = inputs * torch.Size(kernel).numel()
        self.state[f"{name}.weight"] = self._random(outputs, inputs, *kernel) / fan_in**0.5 * 2
        if bias:
            self.state[f"{name}.bias"] = self._random(outputs) * 0.3

    def norm(self, name: str, size: int):
        self.state |= {f"{name}.weight": 1 + 0.2 * self._random(size),
                       f"{name}.bias": 0.7 + 0.5 * self._random(size),
                       f"{name}.running_mean": 0.2 * self._random(size),
                       f"{name}.running_var": 0.2 + 0.2 * self._random(size).abs(),
                       f"{name}.num_batches_tracked": torch.tensor(7)}

    def pair(self, prefix: str, part: str, inputs: int, outputs: int, *kernel: int,
             kind: str = "conv", bias: bool = False):
        self.conv(f"{prefix}{part}_{kind}", inputs, outputs, *kernel, bias=bias)
        self.norm(f"{prefix}{part}_bn", outputs)

    def _random(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.generator)


class Model:
    """What the published forward passes do, on ``[T, B, C, H, W]``, from a state dict."""

    def __init__(self, state: dict[str, Tensor]):
        self.state = state

    def conv(self, name: str, x: Tensor, stride: int = 1) -> Tensor:
        weight = self.state[f"{name}.weight"]
        weight = weight.reshape(*weight.shape[:2], *(weight.shape[2:] or (1,))[:1],
                                *(weight.shape[2:] or (1,))[-1:])
        y = functional.conv2d(x.flatten(0, 1), weight, self.state.get(f"{name}.bias"),
                              stride=stride, padding=weight.shape[-1] // 2)
        return y.unflatten(0, x.shape[:2])

    def norm(self, name: str, x: Tensor) -> Tensor:
        mean, variance, weight, bias = (self.state[f"{name}.{part}"] for part in (
            "running_mean", "running_var", "weight", "bias"))
        return functional.batch_norm(x.flatten(0, 1), mean, variance, weight, bias).unflatten(
            0, x.shape[:2])

    def layer(self, prefix: str, part: str, x: Tensor, kind: str = "conv",
              stride: int = 1) -> Tensor:
        return self.norm(f"{prefix}{part}_bn", self.conv(f"{prefix}{part}_{kind}", x, stride))

    def embed(self, i: int, x: Tensor) -> Tensor:
        return self.norm(f"{EMBED}proj_bn{i or ''}", self.conv(f"{EMBED}proj_conv{i or ''}", x))

    def head(self, x: Tensor) -> Tensor:
        return functional.linear(x.mean(0), self.state["head.weight"], self.state["head.bias"])

    def attention(self, prefix: str, x: Tensor, heads: int, kind: str = "conv") -> Tensor:
        q, k, v = (lif(self.layer(prefix, part, x, kind)).flatten(3).unflatten(2, (heads, -1))
                   for part in "qkv")
        return lif(((v @ k.transpose(-1, -2)) @ q * 0.125).flatten(2, 3).view(x.shape), 0.5)


def lif(x: Tensor, threshold: float = 1.0) -> Tensor:
    v, spikes = torch.zeros_like(x[0]), []
    for current in x:
        v = v + (current - v) / 2
        spikes.append((v >= threshold).float())
        v = v * (1 - spikes[-1])
    return torch.stack(spikes)


def pool(x: Tensor) -> Tensor:
    return functional.max_pool2d(x.flatten(0, 1), 3, 2, 1).unflatten(0, x.shape[:2])


def spikformer_names(dim: int, blocks: int) -> Names:
    names = Names()
    widths = (3, dim // 8, dim // 4, dim // 2, dim)
    for i in range(4):
        names.conv(f"{EMBED}proj_conv{i or ''}", widths[i], widths[i + 1], 3, 3)
        names.norm(f"{EMBED}proj_bn{i or ''}", widths[i + 1])
    names.pair(EMBED, "rpe", dim, dim, 3, 3)
    for i in range(blocks):
        for part in ("q", "k", "v", "proj"):
            names.pair(f"block.{i}.attn.", part, dim, dim, kind="linear", bias=True)
        names.pair(f"block.{i}.mlp.", "fc1", dim, 4 * dim, kind="linear", bias=True)
        names.pair(f"block.{i}.mlp.", "fc2", 4 * dim, dim, kind="linear", bias=True)
        for norm in ("norm1", "norm2"):
            names.state |= {f"block.{i}.{norm}.weight": torch.ones(dim),
                            f"block.{i}.{norm}.bias": torch.zeros(dim)}
    names.conv("head", dim, 10, bias=True)
    return names


def spikformer(model: Model, x: Tensor) -> Tensor:
    for i in range(4):
        x = lif(model.embed(i, x))
        x = pool(x) if i >= 2 else x
    x = lif(model.layer(EMBED, "rpe", x)) + x
    for i in range(2):
        y = model.attention(f"block.{i}.attn.", x, 2, "linear")
        x = x + lif(model.layer(f"block.{i}.attn.", "proj", y, "linear"))
        y = lif(model.layer(f"block.{i}.mlp.", "fc1", x, "linear"))
        x = x + lif(model.layer(f"block.{i}.mlp.", "fc2", y, "linear"))
    return model.head(x.mean((3, 4)))


def spikingformer_names(dim: int, blocks: int) -> Names:
    names = Names()
    widths = (3, dim // 8, dim // 4, dim // 2, dim, dim)
    for i in range(5):
        names.pair(EMBED, f"block{i}", widths[i], widths[i + 1], 3, 3)
    for i in range(blocks):
        for part in ("q", "k", "v"):
            names.pair(f"block.{i}.attn.", part, dim, dim, 1)
        names.pair(f"block.{i}.attn.", "proj", dim, dim, 1, bias=True)
        names.pair(f"block.{i}.mlp.", "mlp1", dim, 4 * dim, 1, 1, bias=True)
        names.pair(f"block.{i}.mlp.", "mlp2", 4 * dim, dim, 1, 1, bias=True)
        for norm in ("norm1", "norm2"):
            names.state |= {f"block.{i}.{norm}.weight": torch.ones(dim),
                            f"block.{i}.{norm}.bias": torch.zeros(dim)}
    names.conv("head", dim, 10, bias=True)
    return names


def spikingformer(model: Model, x: Tensor) -> Tensor:
    for i in range(5):
        if i:
            x = lif(x)
            x = pool(x) if i >= 3 else x
        x = model.layer(EMBED, f"block{i}", x)
    for i in range(2):
        y = model.attention(f"block.{i}.attn.", lif(x), 2)
        x = x + model.layer(f"block.{i}.attn.", "proj", y)
        y = model.layer(f"block.{i}.mlp.", "mlp1", lif(x))
        x = x + model.layer(f"block.{i}.mlp.", "mlp2", lif(y))
    return model.head(x.mean((3, 4)))


def spike_driven_names(dim: int, blocks: int) -> Names:
    names = Names()
    widths = (3, dim // 8, dim // 4, dim // 2, dim)
    for i in range(4):
        names.conv(f"{EMBED}proj_conv{i or ''}", widths[i], widths[i + 1], 3, 3)
        names.norm(f"{EMBED}proj_bn{i or ''}", widths[i + 1])
    names.pair(EMBED, "rpe", dim, dim, 3, 3)
    for i in range(blocks):
        for part in ("q", "k", "v"):
            names.pair(f"block.{i}.attn.", part, dim, dim, 1, 1)
        names.conv(f"block.{i}.attn.talking_heads", 8, 8, 1)
        names.pair(f"block.{i}.attn.", "proj", dim, dim, 1, 1, bias=True)
        names.pair(f"block.{i}.mlp.", "fc1", dim, 4 * dim, 1, 1, bias=True)
        names.pair(f"block.{i}.mlp.", "fc2", 4 * dim, dim, 1, 1, bias=True)
    names.conv("head", dim, 10, bias=True)
    return names


def spike_driven(model: Model, x: Tensor) -> Tensor:
    for i in range(4):
        x = model.embed(i, x)
        x = lif(x) if i < 3 else x
        x = pool(x) if i >= 2 else x
    x = model.layer(EMBED, "rpe", lif(x)) + x
    for i in range(2):
        prefix, s = f"block.{i}.attn.", lif(x)
        q, k, v = (lif(model.layer(prefix, part, s)) for part in "qkv")
        mask = lif((k * v).sum((3, 4), keepdim=True), 0.5)
        x = x + model.layer(prefix, "proj", q * mask)
        y = model.layer(f"block.{i}.mlp.", "fc1", lif(x))
        x = x + model.layer(f"block.{i}.mlp.", "fc2", lif(y))
    return model.head(lif(x.mean((3, 4))))


def qkformer_names() -> Names:
    names = Names()
    names.pair("patch_embed1.", "proj", 3, 4, 3, 3)
    names.pair("patch_embed1.", "proj1", 4, 8, 3, 3)
    names.pair("patch_embed1.", "proj_res", 4, 8, 1, 1)
    for stage, dim in ((2, 16), (3, 32)):
        names.pair(f"patch_embed{stage}.", "proj3", dim // 2, dim, 3, 3)
        names.pair(f"patch_embed{stage}.", "proj4", dim, dim, 3, 3)
        names.pair(f"patch_embed{stage}.", "proj_res", dim // 2, dim, 1, 1)
    for stage, block, dim in ((1, 0, 8), (2, 0, 16), (3, 0, 32), (3, 1, 32)):
        kind, parts = ("ssa", "qkv") if stage == 3 else ("tssa", "qk")
        for part in parts:
            names.pair(f"stage{stage}.{block}.{kind}.", part, dim, dim, 1)
        names.pair(f"stage{stage}.{block}.{kind}.", "proj", dim, dim, 1, bias=True)
        names.pair(f"stage{stage}.{block}.mlp.", "mlp1", dim, 4 * dim, 1, 1, bias=True)
        names.pair(f"stage{stage}.{block}.mlp.", "mlp2", 4 * dim, dim, 1, 1, bias=True)
    names.conv("head", 32, 10, bias=True)
    return names


def qkformer(model: Model, x: Tensor) -> Tensor:
    x = lif(model.layer("patch_embed1.", "proj", x))
    x = lif(model.layer("patch_embed1.", "proj1", x)) + lif(
        model.layer("patch_embed1.", "proj_res", x))
    for stage, block in ((1, 0), (2, 0), (3, 0), (3, 1)):
        embed, prefix = f"patch_embed{stage}.", f"stage{stage}.{block}."
        if stage > 1 and not block:
            y = lif(model.layer(embed, "proj3", x))
            x = lif(pool(model.layer(embed, "proj4", y))) + lif(
                model.layer(embed, "proj_res", x, stride=2))
        if stage == 3:
            y = model.attention(f"{prefix}ssa.", x, 4)
            y = model.layer(f"{prefix}ssa.", "proj", y)
        else:
            q, k = (lif(model.layer(f"{prefix}tssa.", part, x)) for part in "qk")
            mask = lif(q.unflatten(2, (4, -1)).sum(3, keepdim=True), 0.5)
            y = (k.unflatten(2, (4, -1)) * mask).flatten(2, 3)
            y = model.layer(f"{prefix}tssa.", "proj", y)
        x = x + lif(y)
        y = lif(model.layer(f"{prefix}mlp.", "mlp1", x))
        x = x + lif(model.layer(f"{prefix}mlp.", "mlp2", y))
    return model.head(x.mean((3, 4)))


NAMES = {"spikformer": lambda: spikformer_names(16, 2),
         "spikingformer": lambda: spikingformer_names(16, 2),
         "spike_driven": lambda: spike_driven_names(16, 2), "qkformer": qkformer_names}
FORWARD = {"spikformer": spikformer, "spikingformer": spikingformer,
           "spike_driven": spike_driven, "qkformer": qkformer}
UNUSED = {"spikformer": ["norm1", "norm2"], "spikingformer": ["norm1", "norm2"],
          "spike_driven": ["talking_heads"], "qkformer": []}


@pytest.mark.parametrize("name", NETS)
def test_a_published_checkpoint_computes_what_its_code_does(name):
    net = ARCHITECTURES[name](**COMMON, **NETS[name]).eval()
    state = NAMES[name]().state
    unused = load_published(net, state)
    assert {key.split(".")[-2] for key in unused} == set(UNUSED[name])
    images = torch.randint(256, (8, 3, SIZE, SIZE), dtype=torch.uint8,
                           generator=torch.Generator().manual_seed(1))
    rates = []
    with torch.no_grad():
        found = net(images, lambda layer, x: rates.append(float(x.mean()))
                    if layer.endswith("lif") else None)
        pixels = (images / 256).expand(2, *images.shape)
        expected = FORWARD[name](Model(state), pixels)
    assert found.shape == (8, 10)
    assert min(rates) > 0
    assert float(expected.std()) > 0.01
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4)


def test_missing_keys_are_all_listed_and_nothing_is_written():
    net = ARCHITECTURES["qkformer"](**COMMON, **NETS["qkformer"])
    before = {key: value.clone() for key, value in net.state_dict().items()}
    state = qkformer_names().state
    for key in ("stage1.0.tssa.q_bn.running_var", "head.bias"):
        del state[key]
    with pytest.raises(KeyError, match="lacks stage1.0.tssa.q_bn.running_var, head.bias"):
        load_published(net, state)
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())


def test_a_tensor_of_another_size_is_named():
    net = ARCHITECTURES["spike_driven"](**COMMON, **NETS["spike_driven"])
    with pytest.raises(ValueError, match=r"patch_embed.proj_conv.weight is \[4, 3, 3, 3\], not "
                                         r"\[2, 3, 3, 3\]"):
        load_published(net, spike_driven_names(32, 2).state)


def test_nets_without_a_published_checkpoint():
    net = ARCHITECTURES["spikformer_v2"](**COMMON, steps=2, widths=(4, 8), heads=2, blocks=1)
    with pytest.raises(ValueError, match="Layer 'stem0' has no place in a published checkpoint"):
        load_published(net, {})
    net = ARCHITECTURES["spike_driven"](**COMMON, steps=2, dim=16, blocks=1, plif=True)
    with pytest.raises(ValueError, match="Neurons 'stem0_lif' learn a time constant"):
        load_published(net, {})
