"""Loaders: what they give, and one clear error for each way a file can be wrong."""

import gzip
import hashlib
import json
import struct

import numpy as np
import pytest
from PIL import Image

from golden.data import NAMES, Dataset, cifar, idx, load, load_user
from golden.data.idx import IdxFile, load_idx, read_idx
from golden.data.load import FOLDER_VARIABLE


def idx_bytes(array: np.ndarray) -> bytes:
    return (bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
            + array.astype(np.uint8).tobytes())


def test_digits_are_split_for_ever():
    digits = load("digits")
    assert digits.train_images.shape == (1437, 1, 8, 8)
    assert digits.test_images.shape == (360, 1, 8, 8)
    assert digits.train_images.dtype == np.uint8
    assert digits.train_images.max() == 255
    assert sorted(set(np.unique(digits.train_images))) == [*range(0, 256, 16), 255]
    assert hashlib.sha256(digits.test_images.tobytes()).hexdigest() == (
        "2c19c9a1c14242aa984bb0f8ec68e20e7415d7e6b0cc411ce28233803f69dce0")
    assert np.bincount(digits.test_labels).min() >= 35
    assert digits.classes == 10
    assert digits.image_shape == (1, 8, 8)


def test_the_parts_of_digits_share_no_image():
    digits = load("digits")
    train = {image.tobytes() for image in digits.train_images}
    assert not any(image.tobytes() in train for image in digits.test_images)


def test_the_mnist_subset():
    subset = load("mnist-subset")
    assert subset.train_images.shape == (4000, 1, 28, 28)
    assert subset.test_images.shape == (1000, 1, 28, 28)
    assert np.bincount(subset.test_labels).tolist() == [100] * 10


@pytest.mark.data
@pytest.mark.parametrize(("name", "shape", "total"), [
    ("mnist", (1, 28, 28), 44434), ("fashion-mnist", (1, 28, 28), 45000),
    ("cifar10", (3, 32, 32), 45000)])
def test_published_files(name, shape, total, data_folder):
    dataset = load(name, data_folder)
    assert dataset.test_images.shape == (10000, *shape)
    assert dataset.test_labels.sum() == total
    assert len(dataset.train_images) >= 10000
    assert dataset.classes == 10


@pytest.mark.data
def test_the_variable_names_the_folder(data_folder, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(data_folder / "mnist"))
    assert load("mnist").test_labels[:5].tolist() == [7, 2, 1, 0, 4]


def test_names():
    assert NAMES == ("digits", "mnist-subset", "mnist", "fashion-mnist", "cifar10", "nmnist")
    with pytest.raises(ValueError, match="no data set 'mnst'; there are digits, mnist-subset"):
        load("mnst")


def test_a_folder_is_needed_and_must_be_there(tmp_path, monkeypatch):
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    with pytest.raises(ValueError, match="'mnist' needs its files: name their folder, or set "
                                         "SPIKELOOM_DATA"):
        load("mnist")
    with pytest.raises(FileNotFoundError, match="Data folder .*nowhere does not exist"):
        load("mnist", tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"No train-images-idx3-ubyte\[.gz\] of mnist in"):
        load("mnist", tmp_path)
    with pytest.raises(FileNotFoundError, match="No test_batch.bin or test_batch.png of CIFAR-10"):
        load("cifar10", tmp_path)


@pytest.mark.parametrize("zipped", [True, False])
def test_an_idx_file(tmp_path, zipped):
    array = np.arange(24).reshape(2, 3, 4)
    path = tmp_path / ("file.gz" if zipped else "file")
    path.write_bytes(gzip.compress(idx_bytes(array)) if zipped else idx_bytes(array))
    assert (read_idx(path, (2, 3, 4)) == array).all()


@pytest.mark.parametrize(("change", "message"), [
    (lambda c: c[:-1], "has 39 bytes, not 40; it is truncated"),
    (lambda c: c + b"x", "has 41 bytes, not 40"),
    (lambda c: b"\x00\x00\x0d\x03" + c[4:], "starts with 00000d03, not 00000803"),
    (lambda c: c[:7] + b"\x09" + c[8:], r"holds \(9, 3, 4\), not \(2, 3, 4\)"),
    (lambda c: b"", "is no IDX file"),
])
def test_a_wrong_idx_file(tmp_path, change, message):
    path = tmp_path / "file"
    path.write_bytes(change(idx_bytes(np.arange(24).reshape(2, 3, 4))))
    with pytest.raises(ValueError, match=message):
        read_idx(path, (2, 3, 4))


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(bytes(5000), mtime=0)[:-20]])
def test_a_damaged_gzip_file(tmp_path, content):
    path = tmp_path / "file.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="damaged or truncated .*; fetch it again"):
        read_idx(path, (2, 3, 4))


SMALL = (IdxFile("a", (6, 4, 4)), IdxFile("b", (6,)), IdxFile("c", (2, 4, 4)), IdxFile("d", (2,)))


@pytest.fixture
def small_idx(tmp_path, monkeypatch):
    monkeypatch.setattr(idx, "IDX_FILES", SMALL)
    for file in SMALL:
        array = (np.arange(np.prod(file.shape)) % 10).reshape(file.shape)
        (tmp_path / file.name).write_bytes(idx_bytes(array))
    return tmp_path


def test_four_idx_files(small_idx):
    dataset = load_idx("mnist", small_idx)
    assert dataset.train_images.shape == (6, 1, 4, 4)
    assert dataset.test_labels.tolist() == [0, 1]
    (small_idx / "mnist").mkdir()
    for file in SMALL:
        (small_idx / file.name).rename(small_idx / "mnist" / file.name)
    assert load_idx("mnist", small_idx).train_labels.tolist() == [0, 1, 2, 3, 4, 5]


def test_an_idx_file_that_is_missing_and_a_label_that_is_none(small_idx):
    (small_idx / "d").write_bytes(idx_bytes(np.array([3, 10])))
    with pytest.raises(ValueError, match="d has label 10, outside 0..9"):
        load_idx("mnist", small_idx)
    (small_idx / "c").unlink()
    with pytest.raises(FileNotFoundError, match=r"has no c\[.gz\]; mnist needs all of a, b, c, d"):
        load_idx("mnist", small_idx)


@pytest.fixture
def small_cifar(tmp_path, monkeypatch):
    monkeypatch.setattr(cifar, "BATCH", 4)
    rng = np.random.default_rng(0)
    batches = {}
    for name in (*cifar.BINARY_TRAIN, cifar.BINARY_TEST):
        records = rng.integers(0, 256, (4, 3073), np.uint8)
        records[:, 0] %= 10
        batches[name] = records
    return tmp_path, batches


def test_binary_cifar(small_cifar):
    folder, batches = small_cifar
    place = folder / "cifar-10-batches-bin"
    place.mkdir()
    for name, records in batches.items():
        (place / name).write_bytes(records.tobytes())
    dataset = load("cifar10", folder)
    assert dataset.train_images.shape == (20, 3, 32, 32)
    assert dataset.train_labels[4] == batches["data_batch_2.bin"][0, 0]
    assert (dataset.test_images[1].ravel() == batches["test_batch.bin"][1, 1:]).all()
    (place / "data_batch_3.bin").write_bytes(b"short")
    with pytest.raises(ValueError, match="data_batch_3.bin has 5 bytes, not 12292"):
        load("cifar10", folder)
    (place / "data_batch_3.bin").unlink()
    with pytest.raises(FileNotFoundError, match="data_batch_3.bin is missing"):
        load("cifar10", folder)


def test_png_cifar(small_cifar):
    folder, batches = small_cifar
    records = batches["test_batch.bin"]
    rows = records[:, 1:].reshape(4, 3, 1024).transpose(0, 2, 1).copy()
    for name in ("test_batch.png", "data_batch_2.png"):
        Image.fromarray(rows).save(folder / name)
    (folder / "test_lables.json").write_text(json.dumps(records[:, 0].tolist()))
    (folder / "train_lables.json").write_text(json.dumps(list(range(10)) * 2))
    dataset = load("cifar10", folder)
    assert (dataset.test_images.reshape(4, -1) == records[:, 1:]).all()
    assert dataset.train_labels.tolist() == [4, 5, 6, 7]
    (folder / "test_lables.json").write_text("[1, 2]")
    with pytest.raises(ValueError, match="test_lables.json is not a list of 4 labels"):
        load("cifar10", folder)
    (folder / "test_lables.json").write_text("[1, 2")
    with pytest.raises(ValueError, match="test_lables.json is no JSON"):
        load("cifar10", folder)
    (folder / "test_lables.json").write_text("[1, 2, 3, 10]")
    with pytest.raises(ValueError, match="has label 10, outside 0..9"):
        load("cifar10", folder)
    Image.fromarray(rows[:3]).save(folder / "data_batch_2.png")
    with pytest.raises(ValueError, match="is RGB of 1024x3, not RGB of 1024x4"):
        load("cifar10", folder)
    (folder / "data_batch_2.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match="data_batch_2.png is damaged or no PNG"):
        load("cifar10", folder)


def test_pickled_cifar_is_never_read(tmp_path):
    place = tmp_path / "cifar-10-batches-py"
    place.mkdir()
    (place / "data_batch_1").write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    with pytest.raises(ValueError, match="pickled and never read here; use the binary version"):
        load("cifar10", tmp_path)


def user_arrays(**changes) -> dict[str, np.ndarray]:
    arrays = {"train_images": np.zeros((5, 6, 7), np.uint8), "train_labels": np.arange(5) % 3,
              "test_images": np.ones((2, 6, 7), np.uint8), "test_labels": np.array([0, 2])}
    return arrays | changes


@pytest.mark.parametrize(("shape", "expected"), [
    ((6, 7), (1, 6, 7)), ((6, 7, 3), (3, 6, 7)), ((3, 6, 7), (3, 6, 7)), ((2, 6, 7), (2, 6, 7))])
def test_an_npz(tmp_path, shape, expected):
    np.savez(tmp_path / "mine.npz", **user_arrays(
        train_images=np.zeros((5, *shape), np.uint8), test_images=np.ones((2, *shape), np.uint8)))
    dataset = load_user(tmp_path / "mine.npz")
    assert dataset.name == "mine"
    assert dataset.image_shape == expected
    assert dataset.classes == 3


@pytest.mark.parametrize(("changes", "error", "message"), [
    ({"train_images": np.zeros((5, 6, 7))}, TypeError, "train images must be uint8, not float64"),
    ({"train_labels": np.zeros(5)}, TypeError, "train labels must be integers, not float64"),
    ({"train_labels": np.arange(4)}, ValueError, r"\[4\] train labels for 5 images"),
    ({"test_images": np.ones((2, 6, 8), np.uint8)}, ValueError,
     r"training images are \[1, 6, 7\], test images \[1, 6, 8\]"),
    ({"test_images": np.ones((2, 42), np.uint8)}, ValueError, r"must be \[N, C, H, W\]"),
    ({"test_labels": np.array([-1, 0])}, ValueError, "test label -1 is negative"),
    ({"test_images": np.ones((0, 6, 7), np.uint8), "test_labels": np.zeros(0, int)}, ValueError,
     "has no test images"),
    ({"test_labels": np.array([{}, {}])}, ValueError, "Object arrays cannot be loaded"),
])
def test_a_wrong_npz(tmp_path, changes, error, message):
    np.savez(tmp_path / "mine.npz", **user_arrays(**changes))
    with pytest.raises(error, match=message):
        load_user(tmp_path / "mine.npz")


def test_an_npz_with_an_array_missing_and_a_damaged_one(tmp_path):
    path = tmp_path / "mine.npz"
    arrays = user_arrays()
    del arrays["test_labels"]
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match="has no array 'test_labels'; it needs train_images"):
        load_user(path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError, match="mine.npz is damaged or no npz"):
        load_user(path)
    (tmp_path / "mine.txt").write_text("?")
    with pytest.raises(ValueError, match="neither a folder nor an .npz file"):
        load_user(tmp_path / "mine.txt")
    with pytest.raises(FileNotFoundError, match="User data .*none does not exist"):
        load_user(tmp_path / "none")


@pytest.fixture
def pictures(tmp_path):
    for part, count in (("train", 3), ("test", 1)):
        for label, name in enumerate(("cat", "dog")):
            place = tmp_path / part / name
            place.mkdir(parents=True)
            for i in range(count):
                Image.fromarray(np.full((4, 5), 50 * label + i, np.uint8)).save(
                    place / f"{i}.png")
    return tmp_path


def test_a_folder_of_images(pictures):
    dataset = load_user(pictures)
    assert dataset.train_images.shape == (6, 1, 4, 5)
    assert dataset.train_labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert dataset.train_images[:, 0, 0, 0].tolist() == [0, 1, 2, 50, 51, 52]


def test_a_folder_of_coloured_images(pictures):
    for path in pictures.rglob("*.png"):
        Image.fromarray(np.full((4, 5, 3), (1, 2, 3), np.uint8)).save(path)
    assert load_user(pictures).train_images[0, :, 0, 0].tolist() == [1, 2, 3]


def test_wrong_folders_of_images(pictures):
    Image.fromarray(np.zeros((5, 5), np.uint8)).save(pictures / "train/dog/1.png")
    with pytest.raises(ValueError, match=r"1.png is \[1, 5, 5\], other images .* are \[1, 4, 5\]"):
        load_user(pictures)
    (pictures / "train/dog/1.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match="1.png is damaged or no image"):
        load_user(pictures)
    (pictures / "test/cow").mkdir()
    with pytest.raises(ValueError, match="class 'cow' is not in both train and test"):
        load_user(pictures)
    (pictures / "train/cow").mkdir()
    with pytest.raises(ValueError, match="cow has no images"):
        load_user(pictures)
    with pytest.raises(FileNotFoundError, match="has no folder 'train'"):
        load_user(pictures / "train")


def test_a_data_set_counts_classes():
    images = np.zeros((2, 1, 2, 2), np.uint8)
    assert Dataset("x", images, np.array([0, 6]), images, np.array([1, 2])).classes == 7
