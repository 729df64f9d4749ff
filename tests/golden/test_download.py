import gzip
import hashlib
import io
import tarfile
import urllib.error
from types import MappingProxyType

import pytest

from golden.data import download as package_download
from golden.data.download import MIRRORS, download

module = __import__("sys").modules["golden.data.download"]
NAMES = tuple(file.name for file in module.IDX_FILES)
CONTENTS = {f"{name}.gz": name.encode() * 9 for name in NAMES}


@pytest.fixture(autouse=True)
def small_files(monkeypatch):
    digests = tuple(hashlib.sha256(CONTENTS[f"{name}.gz"]).hexdigest() for name in NAMES)
    monkeypatch.setattr(module, "CONTENT", MappingProxyType({"mnist": digests}))


class Server:
    """Answers as mirrors do, and remembers what it was asked."""

    def __init__(self, answers):
        self.answers, self.asked = answers, []

    def __call__(self, url: str) -> bytes:
        self.asked.append(url)
        answer = self.answers(url)
        if isinstance(answer, Exception):
            raise answer
        return answer


def right(url: str) -> bytes:
    return gzip.compress(CONTENTS[url.rsplit("/", 1)[1]])


def test_mirrors_are_https_only():
    assert package_download is download
    assert all(url.startswith("https://") and url.endswith("/")
               for urls in MIRRORS.values() for url in urls)


def test_right_files_are_kept_and_not_fetched_again(tmp_path):
    server = Server(right)
    place = download("mnist", tmp_path, fetch=server)
    assert place == tmp_path / "mnist"
    assert sorted(path.name for path in place.iterdir()) == sorted(CONTENTS)
    assert len(server.asked) == 4
    download("mnist", tmp_path, fetch=server)
    assert len(server.asked) == 4
    (place / f"{NAMES[2]}.gz").write_bytes(b"damaged")
    download("mnist", tmp_path, fetch=server)
    assert len(server.asked) == 5


def test_the_next_mirror_helps_out(tmp_path):
    first = MIRRORS["mnist"][0]
    server = Server(lambda url: urllib.error.URLError("no route") if url.startswith(first)
                    else right(url))
    download("mnist", tmp_path, fetch=server)
    assert len(server.asked) == 8


@pytest.mark.parametrize(("answer", "message"), [
    (gzip.compress(b"something else", mtime=0), "bytes with another checksum"),
    (b"<html>", "6 bytes with another checksum"),
    (urllib.error.URLError("no route"), "no route"),
])
def test_nothing_wrong_is_kept(tmp_path, answer, message):
    with pytest.raises(OSError, match=f"Could not download mnist: .*{message}.*{message}"):
        download("mnist", tmp_path, fetch=Server(lambda url: answer))
    assert not list((tmp_path / "mnist").iterdir())


def test_cifar_comes_in_one_archive(tmp_path, monkeypatch):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name in (*module.BINARY_TRAIN, module.BINARY_TEST, "../../evil"):
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = 3
            archive.addfile(info, io.BytesIO(b"abc"))
    monkeypatch.setattr(module, "CIFAR_SHA256", hashlib.sha256(buffer.getvalue()).hexdigest())
    server = Server(lambda url: buffer.getvalue())
    place = download("cifar10", tmp_path, fetch=server)
    assert sorted(path.name for path in place.iterdir()) == sorted(
        (*module.BINARY_TRAIN, module.BINARY_TEST))
    download("cifar10", tmp_path, fetch=server)
    assert len(server.asked) == 1
    with pytest.raises(OSError, match="Could not download cifar10"):
        download("cifar10", tmp_path / "other", fetch=Server(lambda url: b"wrong"))


def test_an_unknown_name(tmp_path):
    with pytest.raises(ValueError, match="no download of 'digits'; there is of mnist, fashion-"):
        download("digits", tmp_path)
