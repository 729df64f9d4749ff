"""Which layer a SpikingJelly neuron is; its modules are told by name, without importing it."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from golden.capture.errors import CaptureError
from golden.capture.nodes import STATIC, Located
from golden.capture.recorder import Handler, Recorder, Value
from golden.capture.synapses import settled

__all__ = ["NEURONS", "handler"]

HOME = "spikingjelly.activation_based."

COMPUTES = ("forward", "single_step_forward", "multi_step_forward",
            "single_step_functional_forward", "multi_step_functional_forward", "neuronal_charge",
            "neuronal_fire", "neuronal_reset", "materialize_states")
"""The methods that make a neuron what it is: who overrides one is another neuron."""

Neuron = Any
"""A module of SpikingJelly."""

Translation = tuple[str, dict[str, Any]]
"""A layer's name, and its arguments."""


def _leaky(module: Neuron) -> Translation:
    return _lif(module, float(module.tau), module.decay_input)


def _perfect(module: Neuron) -> Translation:
    return _lif(module, math.inf, False)


def _parametric(module: Neuron) -> Translation:
    op, params = _lif(module, 1 / float(module.w.sigmoid()), module.decay_input)
    return op, params | {"learn": True}


def _lif(module: Neuron, tau: float, decay_input: bool) -> Translation:
    strict = _strict(module)
    # potentials are counted from v_reset, where they begin and whereto they decay
    resting = module.v_reset or 0.0
    threshold = float(module.v_threshold) - resting
    if threshold <= 0:
        raise CaptureError(f"{_name(module)} with v_threshold {module.v_threshold}, not above its "
                           f"v_reset {resting}")
    return "Lif", {"threshold": threshold, "tau": tau, "decay_input": decay_input,
                   "soft": module.v_reset is None, "strict": strict}


def _integer(module: Neuron) -> Translation:
    return "LevelLif", {"levels": int(module.surrogate_function.max_spike_count),
                        "step": float(module.v_threshold), "tau": float(module.tau),
                        "half_even": True}


def _psn(module: Neuron) -> Translation:
    return _parallel(module, module.weight, module.bias)


def _masked_psn(module: Neuron) -> Translation:
    order = module.k if float(module.lambda_) >= 1 else None
    return _parallel(module, module.masked_weight(), module.bias, order=order)


def _sliding_psn(module: Neuron) -> Translation:
    return _parallel(module, module.weight, module.bias, order=module.k, sliding=True)


def _parallel(module: Neuron, weight: Tensor, bias: Tensor, *, order: int | None = None,
              sliding: bool = False) -> Translation:
    if _strict(module):
        raise CaptureError(f"{_name(module)} fires above its threshold, not at it")
    return "ParallelNeuron", {"weight": weight.detach().clone(), "bias": bias.detach().flatten(),
                              "order": order, "sliding": sliding}


NEURONS: dict[str, Callable[[Neuron], Translation]] = {
    "model.spike_dhs.save_v_LIFNode": _leaky,
    "neuron.ilif.ILIFNode": _integer,
    "neuron.integrate_and_fire.IFNode": _perfect,
    "neuron.integrate_and_fire.SimpleIFNode": _perfect,
    "neuron.lif.LIFNode": _leaky,
    "neuron.lif.SimpleLIFNode": _leaky,
    "neuron.plif.ParametricLIFNode": _parametric,
    "neuron.psn.MaskedPSN": _masked_psn,
    "neuron.psn.PSN": _psn,
    "neuron.psn.SlidingPSN": _sliding_psn,
}
"""By module and class below ``spikingjelly.activation_based``."""

STATELESS = frozenset(("layer.dropout.Dropout", "layer.dropout.Dropout2d"))
"""What has a state in training only."""


def handler(module: nn.Module) -> Handler | None:
    """Who stands for a module as a whole: neurons, and what keeps a state in another way."""
    for base in type(module).__mro__:
        name = f"{base.__module__}.{base.__qualname__}".removeprefix(HOME)
        if name in STATELESS and not module.training:
            return None
        if name in NEURONS:
            alike = all(getattr(type(module), method, None) is getattr(base, method, None)
                        for method in COMPUTES)
            translate = NEURONS[name] if alike else _overridden
            return lambda recorder, *args: _fire(recorder, module, translate, *args)
    if getattr(module, "_memories", None):
        return _stateful(module)
    return None


def _overridden(module: Neuron) -> Translation:
    raise CaptureError(f"{_name(module)} overrides what its neuron computes")


def _stateful(module: Neuron) -> Handler:
    def refuse(recorder: Recorder, *args: Any) -> Value:
        raise CaptureError(f"{_name(module)} keeps a state between time steps that no operator "
                           "has")
    return refuse


def _name(module: Neuron) -> str:
    return type(module).__name__


def _strict(module: Neuron) -> bool:
    """Whether a neuron at its threshold stays silent, asked of its surrogate function."""
    tiny = torch.finfo(torch.float32).tiny
    with torch.no_grad():
        fired = module.surrogate_function(torch.tensor([-1.0, -tiny, 0.0, tiny, 2.0])).tolist()
    if fired not in ([0, 0, 0, 1, 1], [0, 0, 1, 1, 1]):
        raise CaptureError(f"{_name(module)} does not fire 0 or 1: its surrogate function "
                           f"{_name(module.surrogate_function)} gives {fired} around the "
                           "threshold")
    return not fired[2]


def _fire(recorder: Recorder, module: Neuron, translate: Callable[[Neuron], Translation],
          value: Value, *more: Any) -> Value:
    if not isinstance(value, Value):
        raise CaptureError("a matrix product that is not yet attention enters neurons")
    op, params = translate(module)
    if op == "ParallelNeuron":
        params["weight"] = params["weight"] * value.factor
    elif op == "Lif":
        params["threshold"] /= value.factor
    else:
        value = settled(recorder, value)
    located = recorder.locate(value)
    calls = recorder.calls.get(id(module), 0)
    recorder.calls[id(module)] = calls + 1
    step = _steps(module, located, calls)
    node = recorder.node(op, (located.node,), located.node.shape, spikes=op != "LevelLif",
                         **params)
    return Value(recorder.record.numbers(node, step, *located.fields[1:]))


def _steps(module: Neuron, located: Located, calls: int) -> Tensor:
    """The time step of each value that fires."""
    if getattr(module, "step_mode", "m") == "m":
        if calls:
            raise CaptureError(f"{_name(module)} runs twice on one image: its potential would be "
                               "carried over")
        steps = torch.arange(len(located.step)).view(-1, *[1] * (located.step.ndim - 1))
        expected = steps.expand(located.step.shape)
    else:
        expected = torch.full_like(located.step, calls)
    if not ((located.step == STATIC) | (located.step == expected)).all():
        raise CaptureError(f"{_name(module)} (step mode {getattr(module, 'step_mode', 'm')!r}) "
                           "does not get one time step after the other")
    return expected.contiguous()
