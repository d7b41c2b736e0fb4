from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.content import Writer, open_content
from datasets.formats.base import Entry


def written(folder: Path, entries: list[Entry]) -> Path:
    target = folder / "content"
    with Writer(folder) as content:
        for entry in entries:
            content.add(entry)
        content.finish(target)
    return target


def test_groups_are_read_page_by_page(tmp_path: Path) -> None:
    entries = [Entry("sentence", i, f"Sentence {i}") for i in range(1, 1777)]
    entries[700:700] = [Entry("list food", 1, "pizza"), Entry("list pet", 2, "cat")]
    with written(tmp_path, entries).open("rb") as file:
        groups = open_content(file)
        assert {name: len(group) for name, group in groups.items()} == {
            "sentence": 1776,
            "list": 2,
        }
        sentences = groups["sentence"]
        assert [e.line for e in sentences[0:2]] == [1, 2]
        assert [e.line for e in sentences[998:1003]] == [999, 1000, 1001, 1002, 1003]
        assert sentences[-1].text == "Sentence 1776"
        assert sentences[1770:9999][-1].line == 1776
        assert [e.section for e in groups["list"]] == ["list food", "list pet"]
        with pytest.raises(IndexError):
            sentences[1776]


def test_search_finds_whatever_the_case_and_stops_at_a_thousand(tmp_path: Path) -> None:
    entries = [Entry("rewrite", i, f"word {i}", "ÜBER") for i in range(1500)]
    with written(tmp_path, entries).open("rb") as file:
        group = open_content(file)["rewrite"]
        assert [e.line for e in group.search("WORD 77")][:2] == [77, 770]
        assert len(group.search("über")) == 1000
        assert group.search("nothing") == []


def test_a_text_without_entries_has_no_groups(tmp_path: Path) -> None:
    with written(tmp_path, []).open("rb") as file:
        assert open_content(file) == {}


@given(st.lists(st.tuples(st.text(), st.text()), max_size=20))
def test_any_text_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, texts: list[tuple[str, str]]
) -> None:
    entries = [
        Entry("sentence", i, text, other) for i, (text, other) in enumerate(texts, 1)
    ]
    with written(tmp_path_factory.mktemp("c"), entries).open("rb") as file:
        groups = open_content(file)
        assert list(groups.get("sentence", [])) == entries
