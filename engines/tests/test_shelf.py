from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from engines import shelf
from engines.base import EngineError


def model_in(path: Path) -> Path:
    path.mkdir(parents=True)
    (path / "model.bin").write_bytes(b"weights")
    (path / "more").mkdir()
    (path / "more" / "a.json").write_bytes(b"{}")
    return path


def test_it_works(tmp_path: Path) -> None:
    source = model_in(shelf.folder("custom:1", tmp_path))
    target = shelf.folder("custom:2", tmp_path)
    shelf.duplicate(source, target)
    assert shelf.files(target) == [("model.bin", 7), ("more/a.json", 2)]
    assert (target / "model.bin").samefile(source / "model.bin")
    assert {path.name for path in tmp_path.glob("custom/*")} == {"1", "2"}


def test_it_copies_where_files_cannot_share_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise OSError("another disk")

    monkeypatch.setattr(os, "link", refuse)
    source = model_in(tmp_path / "1")
    shelf.duplicate(source, tmp_path / "2")
    assert (tmp_path / "2" / "model.bin").read_bytes() == b"weights"
    assert not (tmp_path / "2" / "model.bin").samefile(source / "model.bin")


def test_what_a_killed_run_left_is_in_nobodys_way(tmp_path: Path) -> None:
    source = model_in(tmp_path / "1")
    left = tmp_path / ".2.work"
    left.mkdir()
    (left / "half").touch()
    shelf.duplicate(source, tmp_path / "2")
    shelf.duplicate(source, tmp_path / "2")
    assert not (tmp_path / "2" / "half").exists()
    shelf.remove(tmp_path / "2")
    assert {path.name for path in tmp_path.iterdir()} == {"1"}


def test_nothing_stays_of_what_was_not_finished(tmp_path: Path) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        shelf.unfinished(tmp_path / "1") as work,
    ):
        (work / "half").touch()
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())


def test_a_model_that_is_not_here_is_said(tmp_path: Path) -> None:
    for act in (
        lambda: shelf.files(tmp_path / "1"),
        lambda: shelf.duplicate(tmp_path / "1", tmp_path / "2"),
    ):
        with pytest.raises(EngineError) as caught:
            act()
        assert caught.value.code == "ModelNotFound"


@pytest.mark.parametrize("name", ["custom:../x", "custom:", "tiny.en", "custom:a/b"])
def test_a_name_cannot_lead_elsewhere(name: str, tmp_path: Path) -> None:
    with pytest.raises(EngineError):
        shelf.folder(name, tmp_path)
