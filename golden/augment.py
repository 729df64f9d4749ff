"""Small random movements of training images; pixels stay 8-bit integers."""

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional

from golden.data.levels import fewer_levels

__all__ = ["Augmentation"]


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How far images may move; every amount is drawn evenly from both directions.

    Parameters
    ----------
    shift : float
        Pixels, in each direction.
    rotation : float
        Degrees.
    zoom : float
        Fraction of the size, each axis on its own.
    mirror : bool
        Whether half of the images are mirrored left to right.
    erase : int
        Side of a square, in pixels, that is set to zero at a random place; 0 for none.
    levels : int
        Grey levels that are left in the end, see :func:`golden.data.in_levels`.
    """

    shift: float = 0.0
    rotation: float = 0.0
    zoom: float = 0.0
    mirror: bool = False
    erase: int = 0
    levels: int = 256

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        """Moved copies of uint8 ``[N, C, H, W]``; what comes in from outside is pixel 0.

        All frames of a recording, ``[N, T, C, H, W]``, move alike.
        """
        if images.ndim == 5:
            return self(images.flatten(1, 2), generator).view(images.shape)
        count, _, height, width = images.shape

        def draw(amount: float) -> Tensor:
            return (torch.rand(count, generator=generator) * 2 - 1) * amount

        if self.shift or self.rotation or self.zoom or self.mirror:
            angle = draw(math.radians(self.rotation))
            across, down = 1 + draw(self.zoom), 1 + draw(self.zoom)
            if self.mirror:
                across = across * torch.where(draw(1.0) < 0, -1.0, 1.0)
            rows = [angle.cos() * across, -angle.sin(), draw(2 * self.shift / width),
                    angle.sin(), angle.cos() * down, draw(2 * self.shift / height)]
            theta = torch.stack(rows, 1).view(count, 2, 3)
            grid = functional.affine_grid(theta, list(images.shape), align_corners=False)
            moved = functional.grid_sample(images.to(torch.float32), grid, align_corners=False)
            images = moved.round_().to(torch.uint8)
        if self.erase:
            y = torch.randint(height, (count, 1, 1, 1), generator=generator)
            x = torch.randint(width, (count, 1, 1, 1), generator=generator)
            inside = (((torch.arange(height).view(1, 1, -1, 1) - y).abs() <= self.erase // 2)
                      & ((torch.arange(width).view(1, 1, 1, -1) - x).abs() <= self.erase // 2))
            images = images.masked_fill(inside, 0)
        return fewer_levels(images, self.levels)
