import pytest
import torch

from golden.augment import Augmentation

IMAGES = torch.zeros(200, 1, 9, 9, dtype=torch.uint8)
IMAGES[:, :, 4, 2] = 200


def moved(augmentation: Augmentation, seed: int = 0) -> torch.Tensor:
    return augmentation(IMAGES, torch.Generator().manual_seed(seed))


def test_nothing_moves_where_nothing_is_asked():
    assert moved(Augmentation()) is IMAGES


@pytest.mark.parametrize("augmentation", [
    Augmentation(shift=1), Augmentation(rotation=20), Augmentation(zoom=0.2),
    Augmentation(mirror=True), Augmentation(erase=3)])
def test_images_stay_pixels_and_a_seed_moves_them_alike(augmentation):
    before = IMAGES.clone()
    images = moved(augmentation)
    assert images.dtype == torch.uint8
    assert images.shape == IMAGES.shape
    assert not torch.equal(images, IMAGES)
    assert torch.equal(images, moved(augmentation))
    assert not torch.equal(images, moved(augmentation, seed=1))
    assert torch.equal(IMAGES, before)


def test_mirrors_are_half_of_the_images():
    images = moved(Augmentation(mirror=True))
    left, right = (images[:, 0, 4, 2] == 200).sum(), (images[:, 0, 4, 6] == 200).sum()
    assert left + right == 200
    assert 70 < left < 130


def test_shifts_stay_within_their_bounds():
    mass = moved(Augmentation(shift=1)).float()
    columns = (mass.sum((1, 2)) * torch.arange(9)).sum(1) / mass.sum((1, 2, 3))
    assert 0.95 < columns.min() < 1.3
    assert 2.7 < columns.max() < 3.05
