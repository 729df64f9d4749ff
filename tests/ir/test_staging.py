from pathlib import Path

import pytest

from ir.staging import staged


def test_appears_whole_at_the_end(tmp_path):
    with staged(tmp_path / "a" / "out", "marker") as fresh:
        (fresh / "marker").write_text("new")
        assert not (tmp_path / "a" / "out").exists()
    assert (tmp_path / "a" / "out" / "marker").read_text() == "new"
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["out"]


@pytest.mark.parametrize("error", [OSError("No space left on device"), KeyboardInterrupt()])
def test_stays_as_it_was_when_writing_fails(tmp_path, error):
    with staged(tmp_path / "out", "marker") as fresh:
        (fresh / "marker").write_text("old")
    with pytest.raises(type(error)), staged(tmp_path / "out", "marker") as fresh:
        (fresh / "marker").write_text("half")
        raise error
    assert (tmp_path / "out" / "marker").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_the_old_folder_comes_back_when_the_new_one_cannot_be_renamed(tmp_path, monkeypatch):
    with staged(tmp_path / "out", "marker") as fresh:
        (fresh / "marker").write_text("old")
    rename = Path.rename

    def failing(self, target):
        if self.name.endswith(".new"):
            raise OSError("No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="No space left"), staged(tmp_path / "out", "marker"):
        pass
    assert (tmp_path / "out" / "marker").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_replaces_the_whole_folder(tmp_path):
    for name in ("first", "second"):
        with staged(tmp_path / "out", "marker") as fresh:
            (fresh / "marker").touch()
            (fresh / name).touch()
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["marker", "second"]


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "out").mkdir()
    with staged(tmp_path / "out", "marker") as fresh:
        (fresh / "marker").touch()
    assert (tmp_path / "out" / "marker").exists()


def test_foreign_files_are_not_replaced(tmp_path):
    (tmp_path / "thesis.tex").write_text("dear")
    with (pytest.raises(ValueError, match="holds files but no marker, so it was not written by"),
          staged(tmp_path, "marker")):
        pass
    with (pytest.raises(ValueError, match="thesis.tex is in the way: it is not a folder"),
          staged(tmp_path / "thesis.tex", "marker")):
        pass
    assert (tmp_path / "thesis.tex").read_text() == "dear"
