"""Which models stay in memory, and who waits for loading."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import cast

import pytest

from engines.whisper.hear import Listener
from engines.whisper.memory import Memory

MB = 1_000_000


class Reader:
    """Reads models; what it gives is told apart by its number."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self.gate = Event()
        self.gate.set()
        self.begun = Event()

    def __call__(self, path: Path) -> Listener:
        self.read.append(path.name)
        self.begun.set()
        assert self.gate.wait(timeout=30)
        return cast("Listener", object())


@pytest.fixture
def reader() -> Reader:
    return Reader()


def model(folder: Path, name: str, megabytes: int = 50) -> Path:
    path = folder / name
    path.mkdir()
    with (path / "model.bin").open("wb") as file:
        file.truncate(megabytes * MB)
    return path


def names(memory: Memory) -> str:
    return "".join(path.name for path in memory.paths)


def test_those_used_last_are_kept(tmp_path: Path, reader: Reader) -> None:
    a, b, c = (model(tmp_path, name) for name in "abc")
    memory = Memory(reader, 400 * MB)  # 50 and 150 for each
    for path in (a, b, a, c):
        memory.get(path)
    assert names(memory) == "ac"
    memory.get(b)
    assert names(memory) == "cb"
    assert reader.read == ["a", "b", "c", "b"]


def test_one_that_is_larger_than_the_budget_is_kept_alone(
    tmp_path: Path, reader: Reader
) -> None:
    memory = Memory(reader, 1 * MB)
    memory.get(model(tmp_path, "a"))
    assert names(memory) == "a"
    memory.get(model(tmp_path, "b"))
    assert names(memory) == "b"


def test_one_in_use_stays(tmp_path: Path, reader: Reader) -> None:
    a, b, c = (model(tmp_path, name) for name in "abc")
    memory = Memory(reader, 200 * MB)
    with memory.using(memory.get(a)):
        memory.get(b)
        memory.get(c)
        assert names(memory) == "ac"
    memory.get(b)
    assert names(memory) == "b"


def test_shared_weights_are_read_and_counted_once(
    tmp_path: Path, reader: Reader
) -> None:
    a, b = model(tmp_path, "a"), tmp_path / "b"
    shutil.copytree(a, b, copy_function=os.link)
    memory = Memory(reader, 200 * MB)
    assert memory.get(a).model is memory.get(b).model
    assert names(memory) == "ab"
    assert reader.read == ["a"]


def test_a_model_of_text_has_the_weights_of_its_base(
    tmp_path: Path, reader: Reader
) -> None:
    a, b, c = model(tmp_path, "a"), tmp_path / "b", model(tmp_path, "c")
    shutil.copytree(a, b)
    memory = Memory(reader, 1_000 * MB)
    assert memory.get(b).has_weights_of(a)
    assert not memory.get(c).has_weights_of(a)


def test_a_deleted_model_goes_and_lends_its_weights_to_nobody(
    tmp_path: Path, reader: Reader
) -> None:
    a = model(tmp_path, "a")
    memory = Memory(reader, 1_000 * MB)
    first = memory.get(a)
    shutil.rmtree(a)
    b = model(tmp_path, "b")
    second = memory.get(b)
    # Many file systems give the number of the deleted file to the next one.
    assert first.model is not second.model
    assert names(memory) == "b"


def test_nobody_waits_for_the_loading_of_another_model(
    tmp_path: Path, reader: Reader
) -> None:
    a, b = model(tmp_path, "a"), model(tmp_path, "b")
    memory = Memory(reader, 1_000 * MB)
    memory.get(a)
    reader.gate.clear()
    reader.begun.clear()
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(memory.get, b)
        assert reader.begun.wait(timeout=30)
        memory.get(a)
        assert not loading.done()
        reader.gate.set()
        assert loading.result(timeout=30).path == b


def test_two_who_want_the_same_model_have_it_read_once(
    tmp_path: Path, reader: Reader
) -> None:
    a = model(tmp_path, "a")
    memory = Memory(reader, 1_000 * MB)
    reader.gate.clear()
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(memory.get, a) for _ in range(2)]
        assert reader.begun.wait(timeout=30)
        reader.gate.set()
        one, other = (each.result(timeout=30) for each in both)
    assert one is other
    assert reader.read == ["a"]
