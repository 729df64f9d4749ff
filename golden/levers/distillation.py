"""Learning from a larger network's answers."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from golden.checkpoints import load_checkpoint
from golden.net import Net
from golden.objective import Batch, Term, above_zero

__all__ = ["Distillation"]


@dataclass(frozen=True, kw_only=True)
class Distillation:
    """Adds the Kullback-Leibler divergence from a teacher's softened answers.

    ``weight * temperature**2 * KL(softmax(teacher / temperature), softmax(logits / temperature))``,
    after Hinton et al., "Distilling the Knowledge in a Neural Network" (2015).

    Parameters
    ----------
    teacher : str
        File of a checkpoint of the same images and classes.
    weight, temperature : float
        Above zero.
    """

    teacher: str
    weight: float = 1.0
    temperature: float = 4.0

    def __post_init__(self):
        above_zero(self, "weight", "temperature")

    def term(self, net: Net) -> Term:
        teacher = load_checkpoint(self.teacher)[0].eval()
        if (teacher.image, teacher.classes) != (net.image, net.classes):
            raise ValueError(f"Teacher {self.teacher} takes {teacher.image.shape} and has "
                             f"{teacher.classes} classes, the network {net.image.shape} and "
                             f"{net.classes}")

        def loss(batch: Batch) -> Tensor:
            with torch.no_grad():
                wanted = functional.softmax(teacher(batch.images) / self.temperature, 1)
            found = functional.log_softmax(batch.logits / self.temperature, 1)
            return (self.weight * self.temperature**2
                    * functional.kl_div(found, wanted, reduction="batchmean"))

        return Term(loss)
