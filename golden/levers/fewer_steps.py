"""The same weights for fewer time steps."""

from golden.net import Net
from golden.zoo import ARCHITECTURES

__all__ = ["fewer_steps"]


def fewer_steps(net: Net, steps: int) -> Net:
    """A network of fewer time steps with the weights of a trained one, to be trained on.

    After Chowdhury et al., "Towards Ultra Low Latency Spiking Neural Networks for Vision and
    Sequential Tasks Using Temporal Pruning" (2022): steps are taken away one after another, with
    some training after each.

    Raises ValueError for a network of no known architecture, one whose parameters depend on the
    number of steps, or a number that is not below its own.
    """
    if net.architecture not in ARCHITECTURES or "steps" not in net.arguments:
        raise ValueError(f"fewer_steps takes a network of golden.zoo that has steps, not of "
                         f"{net.architecture!r}")
    if not 1 <= steps < net.steps:
        raise ValueError(f"steps must be 1 to {net.steps - 1}, not {steps}")
    result = ARCHITECTURES[net.architecture](**{**net.arguments, "steps": steps})
    try:
        result.load_state_dict(net.state_dict())
    except RuntimeError as error:
        raise ValueError(f"The parameters of {net.architecture!r} depend on its steps: {error}"
                         ) from error
    return result
