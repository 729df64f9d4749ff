"""T-RevSNN: time is unrolled into columns, and only four maps pass from one to the next."""

from collections.abc import Sequence
from functools import partial

from golden.layers import LevelLif, Upsample
from golden.net import Net
from golden.zoo.builder import BRANCH_GAIN, Builder
from ir import IMAGE

__all__ = ["rev_snn"]


def rev_snn(*, channels: int, height: int, width: int, classes: int, widths: Sequence[int],
            columns: int, stem_kernel: int = 7, stem_stride: int = 4,
            stem_padding: int | None = None, kernel: int = 5, expansion: int = 2, blocks: int = 1,
            seed: int = 0) -> Net:
    """T-RevSNN (Hu et al., ICML 2024, arXiv 2405.16466) as its columns compute it.

    Each column has weights of its own and stands for a time step. Level ``l`` of a column reads the
    level below in the same column and the level above in the one before, and adds its own map of
    the column before, times a learned constant for each channel: that is all the state there is.
    Neurons are stateless and fire strictly above 1/2.

    Parameters
    ----------
    channels, height, width, classes, seed
        As for :func:`golden.zoo.spikformer.spikformer`.
    widths : sequence of int
        Of the levels. From the first on each halves the map; the last leaves it as it is.
    columns : int
    stem_kernel, stem_stride, stem_padding : int
        Of the one convolution of the image. Maps of levels that are halved must have even sides.
    kernel : int
        Of the depthwise convolutions.
    expansion : int
        How much wider the layer between two pointwise convolutions is.
    blocks : int
        Of each level.
    """
    build = Builder("rev_snn", locals(),
                    neuron=partial(LevelLif, 1, half_even=True))
    stem = build.conv("stem", IMAGE, widths[0], stem_kernel, stem_stride, padding=stem_padding)
    old: list[str] = []
    for column in range(columns):
        new: list[str] = []
        for level, outputs in enumerate(widths):
            name = f"column{column}_level{level}"
            x = _down(build, name, new[-1], outputs, level, len(widths)) if level else stem
            if old and not level:
                # resolution grows from column to column, so the stem's current is scaled anew
                x = build.depthwise(f"{name}_stem", stem, 1, norm=False)
            if old and level + 1 < len(widths):
                x = build.sum(f"{name}_fuse", x,
                              _up(build, name, old[level + 1], outputs, level, len(widths)))
            for i in range(blocks):
                x = _block(build, f"{name}_block{i}", x, kernel, expansion)
            if old:
                kept = build.depthwise(f"{name}_alpha", old[level], 1, norm=False)
                x = build.sum(f"{name}_keep", x, kept)
            new.append(x)
        old = new
    return build.logits(build.spikes("last_lif", old[-1]), classes)


def _down(build: Builder, name: str, x: str, outputs: int, level: int, levels: int) -> str:
    """From the level below: a strided convolution, or to the last level a pointwise one."""
    kernel, stride = (1, 1) if level + 1 == levels else (3, 2)
    return build.conv(f"{name}_down", build.spikes(f"{name}_down_lif", x), outputs, kernel, stride)


def _up(build: Builder, name: str, x: str, outputs: int, level: int, levels: int) -> str:
    """From the level above, nearest neighbours on the larger map."""
    y = build.conv(f"{name}_up", build.spikes(f"{name}_up_lif", x), outputs, gain=BRANCH_GAIN)
    return y if level + 2 == levels else build.add(f"{name}_up_map", Upsample(2), y)


def _block(build: Builder, name: str, x: str, kernel: int, expansion: int) -> str:
    """Depthwise and pointwise, neurons, pointwise and depthwise, on a membrane shortcut."""
    dim = build.channels[x]
    y = build.spikes(f"{name}_lif", x)
    y = build.depthwise(f"{name}_dw1", y, kernel, norm=False)
    y = build.fire(f"{name}_pw1", y, expansion * dim)
    y = build.conv(f"{name}_pw2", y, dim, norm=False, bias=False)
    y = build.depthwise(f"{name}_dw2", y, kernel, gain=BRANCH_GAIN)
    return build.sum(f"{name}_add", x, y)
