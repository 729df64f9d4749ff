"""The training loop: seeded, resumable, with a checkpoint after every epoch."""

import json
import math
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Generator, Tensor, nn
from torch.nn import functional

from golden.augment import Augmentation
from golden.layers import settle
from golden.net import Net
from golden.objective import Batch, Lever

__all__ = ["Epoch", "Progress", "Recipe", "evaluate", "fit"]

SETTLING = 100
"""Batches that batch norms settle on at the end."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to train: AdamW, linear warm-up, cosine to zero, label smoothing.

    Parameters
    ----------
    epochs, batch : int
    learning_rate, weight_decay : float
        The decay is of weights only, not of biases and batch norms.
    warm_up : float
        Fraction of all steps.
    smoothing : float
        Of the labels.
    augmentation : Augmentation
    seed : int
        Of the first weights, the order of images and their movements.
    levers : tuple of Lever
        What is added to the loss; see :mod:`golden.levers`.
    """

    epochs: int
    batch: int = 128
    learning_rate: float = 1.2e-2
    weight_decay: float = 0.02
    warm_up: float = 0.1
    smoothing: float = 0.1
    augmentation: Augmentation = field(default_factory=Augmentation)
    seed: int = 0
    levers: tuple[Lever, ...] = ()

    def __post_init__(self):
        for name in ("epochs", "batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"Recipe {name} must be at least 1, not {getattr(self, name)}")


@dataclass(frozen=True)
class Epoch:
    """What became of one epoch: number from 1, mean loss, accuracy on validation images."""

    number: int
    epochs: int
    loss: float
    validation: float


Progress = Callable[[int, int, Epoch | None], None]
"""Called after every step with steps done, steps in all, and the epoch if one just ended."""


@torch.no_grad()
def evaluate(model: nn.Module, images: Tensor, labels: Tensor, *, batch: int = 500) -> float:
    """The fraction of uint8 images ``[N, C, H, W]`` whose class the model, as it is used, says."""
    training = model.training
    model.eval()
    right = sum(int((model(images[i:i + batch]).argmax(1) == labels[i:i + batch]).sum())
                for i in range(0, len(images), batch))
    model.train(training)
    return right / len(images)


def fit(model: nn.Module, recipe: Recipe, train: tuple[Tensor, Tensor],
        validation: tuple[Tensor, Tensor], *, progress: Progress | None = None,
        resume: Path | None = None) -> list[Epoch]:
    """Train ``model`` in place on ``(images, labels)`` and return what became of each epoch.

    With ``resume``, the state is written to that file after every epoch; where the file is
    there already, training goes on from it and ends as if it had never stopped. At the end
    batch norms settle on training images, moved alike.

    Raises ValueError when the file belongs to another model or recipe.
    """
    run = _Run(model, recipe, train, validation)
    if resume is not None and resume.is_file():
        run.load(resume)
    while len(run.history) < recipe.epochs:
        run.epoch(progress)
        if resume is not None:
            run.save(resume)
    # the images as they were in training, for the weights grew with these means and variances
    images = recipe.augmentation(train[0][:SETTLING * recipe.batch],
                                 Generator().manual_seed(recipe.seed))
    settle(model, images, batch=recipe.batch)
    model.eval()
    return run.history


class _Run:
    """A training that can be stopped and taken up between two epochs."""

    def __init__(self, model: nn.Module, recipe: Recipe, train: tuple[Tensor, Tensor],
                 validation: tuple[Tensor, Tensor]):
        self.model, self.recipe = model, recipe
        self.images, self.labels = train
        self.validation = validation
        self.history: list[Epoch] = []
        self.generator = Generator().manual_seed(recipe.seed)
        self.parameters = dict(model.named_parameters())
        matrices = [p for p in self.parameters.values() if p.ndim > 1]
        vectors = [p for p in self.parameters.values() if p.ndim <= 1]
        self.optimizer = torch.optim.AdamW(
            [{"params": matrices, "weight_decay": recipe.weight_decay},
             {"params": vectors, "weight_decay": 0.0}], lr=recipe.learning_rate)
        if recipe.levers and not isinstance(model, Net):
            raise TypeError(f"Levers work on a Net, not on {type(model).__name__}")
        self.terms = [lever.term(model) for lever in recipe.levers if isinstance(model, Net)]
        self.watched = frozenset[str]().union(*(term.tensors for term in self.terms))
        self.steps = max(1, len(self.images) // recipe.batch)

    def rate(self, step: int) -> float:
        total = self.steps * self.recipe.epochs
        warm = max(1, int(total * self.recipe.warm_up))
        if step < warm:
            return self.recipe.learning_rate * (step + 1) / warm
        part = (step - warm) / max(1, total - warm)
        return self.recipe.learning_rate * (1 + math.cos(math.pi * part)) / 2

    def epoch(self, progress: Progress | None) -> None:
        recipe, done = self.recipe, len(self.history) * self.steps
        self.model.train()
        order = torch.randperm(len(self.images), generator=self.generator)
        losses = 0.0
        for step in range(self.steps):
            chosen = order[step * recipe.batch:(step + 1) * recipe.batch]
            images = recipe.augmentation(self.images[chosen], self.generator)
            for group in self.optimizer.param_groups:
                group["lr"] = self.rate(done + step)
            loss = self.loss(images, self.labels[chosen])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            losses += loss.item()
            if not math.isfinite(losses):
                raise ValueError(f"Training loss became {losses} in epoch "
                                 f"{len(self.history) + 1}; lower the learning rate")
            if progress is not None and step + 1 < self.steps:
                progress(done + step + 1, self.steps * recipe.epochs, None)
        accuracy = evaluate(self.model, *self.validation)
        self.history.append(Epoch(len(self.history) + 1, recipe.epochs, losses / self.steps,
                                  accuracy))
        if progress is not None:
            progress(done + self.steps, self.steps * recipe.epochs, self.history[-1])

    def loss(self, images: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy of a batch, and what levers add to it."""
        tensors: dict[str, Tensor] = {}

        def record(name: str, x: Tensor) -> None:
            if name in self.watched:
                tensors[name] = x

        logits = self.model(images, record) if self.watched else self.model(images)
        loss = functional.cross_entropy(logits, labels, label_smoothing=self.recipe.smoothing)
        if self.terms:
            batch = Batch(images, labels, logits, tensors)
            loss = loss + torch.stack([term.loss(batch) for term in self.terms]).sum()
        return loss

    def identity(self) -> str:
        return json.dumps([asdict(self.recipe), len(self.images),
                           {name: list(p.shape) for name, p in self.parameters.items()}],
                          sort_keys=True)

    def save(self, path: Path) -> None:
        tensors = {f"model.{k}": v for k, v in self.model.state_dict().items()}
        for name, parameter in self.parameters.items():
            state = self.optimizer.state.get(parameter, {})
            tensors |= {f"optimizer.{key}.{name}": value for key, value in state.items()}
        tensors["generator"] = self.generator.get_state()
        metadata = {"identity": self.identity(),
                    "history": json.dumps([asdict(epoch) for epoch in self.history])}
        beside = path.with_name(path.name + ".part")
        beside.write_bytes(save({k: v.detach().clone().contiguous()
                                 for k, v in tensors.items()}, metadata))
        os.replace(beside, path)

    @torch.no_grad()
    def load(self, path: Path) -> None:
        try:
            with safe_open(path, "pt") as file:
                metadata = file.metadata() or {}
                tensors = {key: file.get_tensor(key) for key in file.keys()}
        except SafetensorError as error:
            raise ValueError(f"{path} cannot be resumed ({error}); remove it to start again"
                             ) from error
        if metadata.get("identity") != self.identity():
            raise ValueError(f"{path} is of a training with another model, data set or recipe; "
                             "remove it to start again")
        self.history = [Epoch(**epoch) for epoch in json.loads(metadata["history"])]
        self.model.load_state_dict({k.removeprefix("model."): v for k, v in tensors.items()
                                    if k.startswith("model.")})
        for name, parameter in self.parameters.items():
            keys = [k for k in tensors if k.startswith("optimizer.")
                    and k.split(".", 2)[2] == name]
            self.optimizer.state[parameter] = {k.split(".", 2)[1]: tensors[k] for k in keys}
        self.generator.set_state(tensors["generator"])
