"""Grey levels: how pixels become fewer bits for networks that take such."""

import numpy as np
import pytest
import torch

from golden.augment import Augmentation
from golden.data import Dataset, in_levels
from ir import Interval, TensorType

PIXELS = np.array([0, 1, 63, 64, 127, 128, 191, 192, 255], np.uint8).reshape(1, 1, 3, 3)


def taken(high: int, steps: int = 1) -> TensorType:
    return TensorType(steps=steps, channels=1, height=3, width=3, interval=Interval(0, high))


@pytest.mark.parametrize(("high", "expected"), [
    (1, [0, 0, 0, 0, 0, 1, 1, 1, 1]), (3, [0, 0, 0, 1, 1, 2, 2, 3, 3]),
    (15, [0, 0, 3, 4, 7, 8, 11, 12, 15]), (255, PIXELS.ravel().tolist())])
def test_the_highest_bits_stay(high, expected):
    for images in (PIXELS, torch.from_numpy(PIXELS)):
        found = in_levels(images, taken(high))
        assert type(found) is type(images)
        assert found.ravel().tolist() == expected
    labels = np.zeros(1, np.int64)
    dataset = Dataset("d", PIXELS, labels, PIXELS, labels).in_levels(taken(high))
    assert dataset.train_images.ravel().tolist() == expected
    assert dataset.test_images.ravel().tolist() == expected


def test_counts_of_events_stay():
    frames = PIXELS[:, None]
    assert in_levels(frames, taken(15)) is frames


def test_images_move_in_all_their_levels():
    """Half a pixel to one side a bright pixel is two of half the light, which are none of bits."""
    images = torch.zeros(50, 1, 5, 5, dtype=torch.uint8)
    images[:, :, 2, 2] = 200
    grey, bits = (Augmentation(shift=0.5, levels=levels)(images, torch.Generator().manual_seed(0))
                  for levels in (256, 2))
    assert torch.equal(bits, grey >> 7)
    assert 0 < int(bits.sum()) < 50


@pytest.mark.parametrize("high", [0, 2, 9, 511])
def test_levels_that_there_are_not(high):
    with pytest.raises(ValueError, match=f"power of two, 2 to 256, not {high + 1}"):
        in_levels(PIXELS, taken(high))
