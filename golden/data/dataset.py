"""What every loader returns."""

from dataclasses import dataclass, replace

import numpy as np

from golden.data.levels import in_levels
from ir import TensorType

__all__ = ["Dataset"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images, or frames of events, in a training and a test part.

    Parameters
    ----------
    name : str
    train_images, test_images : uint8 array ``[N, C, H, W]`` or ``[N, T, C, H, W]``
    train_labels, test_labels : int64 array ``[N]``
        Classes, counted from 0.

    Raises
    ------
    TypeError, ValueError
        For other types or shapes, or labels that do not fit the images.
    """

    name: str
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray

    def __post_init__(self):
        for part in ("train", "test"):
            images, labels = getattr(self, f"{part}_images"), getattr(self, f"{part}_labels")
            if images.dtype != np.uint8:
                raise TypeError(f"Data set {self.name!r}: {part} images must be uint8, "
                                f"not {images.dtype}")
            if labels.dtype.kind not in "iu":
                raise TypeError(f"Data set {self.name!r}: {part} labels must be integers, "
                                f"not {labels.dtype}")
            if images.ndim not in (4, 5):
                raise ValueError(f"Data set {self.name!r}: {part} images must be [N, C, H, W] or "
                                 f"[N, T, C, H, W], not {list(images.shape)}")
            if labels.shape != images.shape[:1]:
                raise ValueError(f"Data set {self.name!r}: {list(labels.shape)} {part} labels for "
                                 f"{len(images)} images")
            if not len(images):
                raise ValueError(f"Data set {self.name!r} has no {part} images")
            if labels.min() < 0:
                raise ValueError(f"Data set {self.name!r}: {part} label {labels.min()} is "
                                 "negative; classes count from 0")
            object.__setattr__(self, f"{part}_labels", labels.astype(np.int64))
        if self.train_images.shape[1:] != self.test_images.shape[1:]:
            raise ValueError(f"Data set {self.name!r}: training images are "
                             f"{list(self.train_images.shape[1:])}, test images "
                             f"{list(self.test_images.shape[1:])}")

    @property
    def classes(self) -> int:
        return int(max(self.train_labels.max(), self.test_labels.max())) + 1

    def in_levels(self, image: TensorType) -> "Dataset":
        """The same with the grey levels of ``image``, see :func:`golden.data.in_levels`."""
        return replace(self, train_images=in_levels(self.train_images, image),
                       test_images=in_levels(self.test_images, image))

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Channels, height and width; of recordings, the number of frames before them."""
        return self.train_images.shape[1:]
