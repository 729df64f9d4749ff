"""Neurons that compute on integers: all of their constants follow from the current's unit."""

import math
from copy import deepcopy

import torch
from torch import Tensor

from golden.layers import Layer, LevelLif, Lif, ParallelNeuron, Shape
from golden.layers.leak import Leak
from golden.layers.membrane import integrate_and_fire
from golden.layers.surrogate import fire, straight
from golden.quantize.weights import through
from ir import ops
from ir.ops import Polarity, Reset

__all__ = ["IntegerLevelLif", "IntegerLif", "IntegerNeuron", "IntegerParallelNeuron",
           "comparator"]

FRACTION_BITS = 8
"""Most bits that a potential gets below its current's unit."""

RESOLUTION = 10
"""Bits that a threshold has at least, as far as those allow, where flooring costs accuracy."""

NEURON_BITS = 8
"""Bits of a parallel neuron's weights."""


def comparator(threshold: Tensor, strict: bool | Tensor = False) -> Tensor:
    """The least whole numbers, int64, that are at real thresholds (or above, where strict)."""
    nearest = threshold.round()
    whole = _whole(threshold)
    least = torch.where(whole, nearest, threshold.ceil())
    return (least + (whole & torch.as_tensor(strict))).to(torch.int64)


def _whole(values: Tensor) -> Tensor:
    return (values - values.round()).abs() <= 1e-6 * values.abs().clamp(max=1e3)


class IntegerNeuron(Layer):
    """What all neurons on integers have: levels of their own, whatever the current's unit."""

    integers = True

    def bind(self, unit: Tensor, *, counts: bool, steps: int) -> None:
        """Take currents whose 1.0 is ``unit``, ``[C]``, float64.

        ``counts`` says that the unit is given by what is counted, and a few; else weights chose
        it, and it is fine.
        """
        raise NotImplementedError


class IntegerLif(IntegerNeuron):
    """Membranes of whole numbers, see :class:`ir.ops.Lif`.

    Thresholds are exact wherever a potential can be: a membrane whose floor loses nothing, on
    counts, fires as in real numbers. Where a floor does lose, potentials get fraction bits.

    Parameters
    ----------
    layer : Lif
        Of the float network; a learned time constant is frozen.
    """

    real_threshold: Tensor
    leak: Tensor
    threshold: Tensor
    potential_unit: Tensor

    def __init__(self, layer: Lif):
        super().__init__()
        leak = layer.leak
        self.register_buffer("real_threshold", layer.threshold.clone())
        self.register_buffer("leak", torch.tensor([leak.keep, leak.drive, leak.divisor]))
        self.register_buffer("threshold", torch.ones(1), persistent=False)
        self.register_buffer("potential_unit", torch.ones(1), persistent=False)
        self.reset, self.strict, self.fraction_bits = layer.reset, layer.strict, 0

    @property
    def wide(self) -> bool:
        """Whether potentials may need more than the 24 bits of a float32."""
        return self.fraction_bits > 0 or int(self.leak[0]) > 1

    def bind(self, unit: Tensor, *, counts: bool, steps: int) -> None:
        threshold = self.real_threshold.to(torch.float64) * unit
        leak = Leak(*self.leak.tolist())
        self.fraction_bits, exact = self._fraction_bits(threshold, leak, counts, steps)
        scale = 2.0 ** self.fraction_bits
        least = (comparator(threshold * scale, self.strict) if exact or counts
                 else (threshold * scale).round() + self.strict)
        self.threshold = least.clamp(min=1).to(torch.float64)
        self.potential_unit = unit * scale

    def _fraction_bits(self, threshold: Tensor, leak: Leak, counts: bool,
                       steps: int) -> tuple[int, bool]:
        """Bits below the current's unit, and whether thresholds there are exact."""
        if not leak.exact:
            found = RESOLUTION - math.floor(math.log2(float(threshold.min())))
            return min(max(found, 0), FRACTION_BITS), False
        if leak.divisor == 1 and self.reset is Reset.TO_ZERO:
            return 0, True
        # a floor keeps what is at a threshold, not what is above it
        if not self.strict or leak.divisor == 1:
            for bits in range(FRACTION_BITS // 2 + 1):
                if bool(_whole(threshold * 2.0 ** bits).all()):
                    return bits, True
        halvings = steps * (leak.divisor.bit_length() - 1)
        if counts and leak.divisor & leak.divisor - 1 == 0 and halvings <= FRACTION_BITS:
            # no real potential has more bits than this
            return halvings, True
        return FRACTION_BITS if counts else 0, False

    def forward(self, x: Tensor) -> Tensor:
        keep, drive, divisor = self.leak.tolist()
        current = x.to(torch.float64) if self.wide else x
        spikes = integrate_and_fire(
            current, current.new_tensor(keep), current.new_tensor(drive << self.fraction_bits),
            self.threshold.to(current.dtype), self.potential_unit.to(current.dtype),
            divisor=divisor, soft=self.reset is Reset.BY_THRESHOLD)
        return spikes.to(torch.float32)

    def unit(self, shape: Shape, *units: Tensor) -> Tensor:
        return torch.ones(shape[1], dtype=torch.float64)

    def op(self) -> ops.Lif:
        keep, drive, divisor = self.leak.tolist()
        return ops.Lif(threshold=self.threshold.to(torch.int64).numpy(), keep=keep, drive=drive,
                       divisor=divisor, reset=self.reset, fraction_bits=self.fraction_bits)


class IntegerLevelLif(IntegerNeuron):
    """Comparators of whole numbers, see :class:`ir.ops.LevelLif`; exact without a state."""

    threshold: Tensor
    spacing: Tensor
    rise: Tensor

    def __init__(self, layer: LevelLif):
        super().__init__()
        self.source = layer
        self.register_buffer("threshold", torch.ones(layer.levels, 1), persistent=False)
        self.register_buffer("spacing", torch.zeros(1), persistent=False)
        self.register_buffer("rise", torch.ones(1), persistent=False)

    def bind(self, unit: Tensor, *, counts: bool, steps: int) -> None:
        source, leak = self.source, self.source.leak
        step = unit * source.step
        middles = torch.arange(source.levels, dtype=torch.float64)[:, None] + 0.5
        least = comparator(middles * step, torch.tensor(source.strict)[:, None]).clamp(min=1)
        self.threshold = least.to(torch.float64)
        self.spacing = step.round() if leak.keep else torch.zeros_like(step)
        self.rise = 1 / step

    def _fired(self, h: Tensor) -> Tensor:
        with torch.no_grad():
            fired = torch.zeros_like(h)
            for threshold in self.threshold.to(h.dtype):
                fired += h >= threshold
                if self.source.polarity is Polarity.BOTH:
                    fired -= (-h >= threshold).to(h.dtype)
        rise = self.rise.to(h.dtype)
        high = self.source.levels / rise
        low = -high if self.source.polarity is Polarity.BOTH else torch.zeros_like(high)
        return straight(h, fired, low, high, rise)

    def forward(self, x: Tensor) -> Tensor:
        leak = self.source.leak
        if not leak.keep:
            h = x if leak.drive == leak.divisor else _divided(x, leak)
            return self._fired(h).to(torch.float32)
        fired, v = [], torch.zeros_like(x[0])
        for current in x:
            h = _divided(current, leak, v)
            fired.append(self._fired(h))
            v = h - fired[-1].detach() * self.spacing.to(h.dtype)
        return torch.stack(fired).to(torch.float32)

    def unit(self, shape: Shape, *units: Tensor) -> Tensor:
        return torch.full((shape[1],), 1 / self.source.norm, dtype=torch.float64)

    def op(self) -> ops.LevelLif:
        leak = self.source.leak
        threshold, spacing = (values.to(torch.int64).numpy()
                              for values in (self.threshold, self.spacing))
        return ops.LevelLif(threshold=threshold, spacing=spacing, keep=leak.keep,
                            drive=leak.drive, divisor=leak.divisor, polarity=self.source.polarity)


def _divided(x: Tensor, leak: Leak, v: Tensor | float = 0.0) -> Tensor:
    real = (leak.keep * v + leak.drive * x) / leak.divisor
    with torch.no_grad():
        exact = torch.div(leak.keep * v + leak.drive * x, leak.divisor, rounding_mode="floor")
    return straight(real, exact, real.new_tensor(-math.inf), real.new_tensor(math.inf),
                    real.new_ones(()))


class IntegerParallelNeuron(IntegerNeuron):
    """A matrix over time of whole numbers, see :class:`ir.ops.ParallelNeuron`; trains on."""

    scale: Tensor
    current_unit: Tensor

    def __init__(self, layer: ParallelNeuron):
        super().__init__()
        self.layer = deepcopy(layer)
        peak = float(layer.weight.detach().abs().max()) or 1.0
        top = (1 << NEURON_BITS - 1) - 1
        self.register_buffer("scale", torch.tensor(2.0 ** math.floor(math.log2(top / peak))))
        self.register_buffer("current_unit", torch.ones(1), persistent=False)

    def bind(self, unit: Tensor, *, counts: bool, steps: int) -> None:
        self.current_unit = unit.to(torch.float32)

    def integer_values(self) -> tuple[Tensor, Tensor]:
        """Weights ``[T, T]`` and thresholds ``[T, C]``: integers in floats, with gradients."""
        top = (1 << NEURON_BITS - 1) - 1
        real = (self.layer.matrix() * self.scale).clamp(-top, top)
        unit = self.current_unit * self.scale
        threshold = self.layer.threshold.expand(self.layer.steps)[:, None] * unit
        with torch.no_grad():
            least = (threshold - 1e-6 * threshold.abs()).ceil()
        return through(real.detach().round(), real), through(least, threshold)

    def forward(self, x: Tensor) -> Tensor:
        weight, threshold = (values.to(x.dtype) for values in self.integer_values())
        h = torch.tensordot(weight, x, dims=1)
        threshold = threshold.view(len(x), *[1] * (x.ndim - 2), -1)
        unit = (self.current_unit * self.scale).to(x.dtype)
        return fire(h - threshold, unit).to(torch.float32)

    def unit(self, shape: Shape, *units: Tensor) -> Tensor:
        return torch.ones(shape[1], dtype=torch.float64)

    @torch.no_grad()
    def op(self) -> ops.ParallelNeuron:
        weight, threshold = (values.to(torch.int64).numpy() for values in self.integer_values())
        return ops.ParallelNeuron(weight=weight, threshold=threshold)
