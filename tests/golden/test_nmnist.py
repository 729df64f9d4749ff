"""N-MNIST: events are counted in the frame, polarity and pixel where they fall."""

import numpy as np
import pytest

from golden.data import load
from golden.data.nmnist import DURATION, load_nmnist

EVENTS = {"x": [3, 3, 33, 0], "y": [5, 5, 0, 33], "p": [1, 1, 0, 1],
          "t_us": [0, DURATION // 4, DURATION - 1, 7], "offsets": [0, 3, 4], "labels": [9, 2]}


def write(folder, **changes):
    arrays = {name: np.array(values) for name, values in (EVENTS | changes).items()}
    for part in ("train", "test"):
        np.savez(folder / f"{part}.npz",
                 **{name: values for name, values in arrays.items() if values.size})


def test_events_fall_into_frames(tmp_path):
    write(tmp_path)
    dataset = load_nmnist(tmp_path)
    expected = np.zeros((2, 4, 2, 34, 34), np.uint8)
    # DURATION is no multiple of four: the first frame's last microsecond is DURATION // 4
    expected[0, 0, 1, 5, 3] = 2
    expected[0, 3, 0, 0, 33] = 1
    expected[1, 0, 1, 33, 0] = 1
    assert expected.size == dataset.train_images.size == 2 * 4 * 2 * 34 * 34
    np.testing.assert_array_equal(dataset.train_images, expected)
    assert dataset.train_labels.tolist() == [9, 2]
    assert (dataset.image_shape, dataset.classes) == ((4, 2, 34, 34), 10)


def test_a_pixel_counts_up_to_fifteen(tmp_path):
    many = 20
    write(tmp_path, x=[1] * many, y=[2] * many, p=[0] * many, t_us=[0] * many,
          offsets=[0, many, many])
    images = load_nmnist(tmp_path).train_images
    assert images[0, 0, 0, 2, 1] == 15
    assert images.sum() == 15


@pytest.mark.parametrize(("changes", "message"), [
    ({"x": [3, 3, 34, 0]}, "has x 0..34, outside 0..33"),
    ({"p": [1, 2, 0, 1]}, "has p 0..2, outside 0..1"),
    ({"t_us": [0, 0, DURATION, 7]}, f"outside 0..{DURATION - 1}"),
    ({"labels": [9, 10]}, "labels 9..10, outside 0..9"),
    ({"offsets": [0, 3, 5]}, "has 4 events, which its offsets up to 5 do not divide"),
    ({"offsets": [0, 4, 3]}, "do not divide into recordings"),
    ({"t_us": []}, "has no array 't_us'; it needs x, y, p, t_us, offsets, labels"),
])
def test_files_that_are_wrong(tmp_path, changes, message):
    write(tmp_path, **changes)
    with pytest.raises(ValueError, match=message):
        load_nmnist(tmp_path)


def test_files_that_are_missing_or_damaged(tmp_path):
    with pytest.raises(FileNotFoundError, match="No train.npz of N-MNIST in "):
        load_nmnist(tmp_path)
    write(tmp_path)
    (tmp_path / "test.npz").unlink()
    with pytest.raises(FileNotFoundError, match="test.npz is missing; N-MNIST needs it"):
        load_nmnist(tmp_path)
    (tmp_path / "test.npz").write_bytes(b"PK\x03\x04")
    with pytest.raises(ValueError, match="test.npz is damaged or no npz"):
        load_nmnist(tmp_path)


@pytest.mark.data
def test_the_recordings(data_folder):
    dataset = load("nmnist", data_folder)
    assert dataset.train_images.shape == (1000, 4, 2, 34, 34)
    assert dataset.test_images.shape == (100, 4, 2, 34, 34)
    assert dataset.test_labels.sum() == 434
    assert dataset.train_images.max() == 15
    assert dataset.train_images.astype(np.int64).sum() > 4_000_000
