"""Every time step's features tell classes apart."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from golden.layers import TimeSum
from golden.net import Net
from golden.objective import Batch, Term, above_zero

__all__ = ["TemporalContrast"]


@dataclass(frozen=True, kw_only=True)
class TemporalContrast:
    """Adds a supervised contrastive loss over all time steps of a batch.

    What the sum over time reads is a feature of each image and step. A feature shall be near those
    of all steps of all images of its class and far from all others:
    ``-mean log(exp(z·z⁺ / temperature) / sum exp(z·z' / temperature))`` over every pair, ``z`` of
    unit length. After Qiu et al., "Temporal Contrastive Learning for Spiking Neural Networks"
    (2023), without its projection head and its weights by distance in time: ours.

    Parameters
    ----------
    weight, temperature : float
        Above zero.
    """

    weight: float
    temperature: float = 0.1

    def __post_init__(self):
        above_zero(self, "weight", "temperature")

    def term(self, net: Net) -> Term:
        sources = [net.inputs[name][0] for name, layer in net.named_layers()
                   if isinstance(layer, TimeSum)]
        if not sources or net.shapes[sources[-1]][0] < 2:
            raise ValueError("TemporalContrast takes a network that ends in a sum over several "
                             "time steps")
        source = sources[-1]

        def loss(batch: Batch) -> Tensor:
            features = batch.tensors[source].flatten(2)
            labels = batch.labels.repeat(len(features))
            return self.weight * self._contrast(features.flatten(0, 1), labels)

        return Term(loss, frozenset({source}))

    def _contrast(self, features: Tensor, labels: Tensor) -> Tensor:
        unit = functional.normalize(features, dim=1)
        others = ~torch.eye(len(unit), dtype=torch.bool)
        near = unit @ unit.T / self.temperature
        chance = near - near.masked_fill(~others, -torch.inf).logsumexp(1, keepdim=True)
        alike = (labels[:, None] == labels) & others
        return -(chance * alike).sum() / alike.sum().clamp(min=1)
