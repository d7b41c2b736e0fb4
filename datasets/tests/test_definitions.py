from __future__ import annotations

from pathlib import Path

import pytest

from datasets.formats.base import Entry
from datasets.tests.structured_files import EXAMPLE, LISTS, USED, issues, read_text


@pytest.mark.parametrize(
    ("line", "column", "rule"),
    [
        ("pizza", 1, "no_bullet"),
        ("  • pizza", 3, "no_bullet"),
        ("/ comment", 1, "no_bullet"),
        ("- ", 2, "empty_item"),
        ("---", 2, "empty_item"),
        ("- a {@pet}", 5, "item_brace"),
        ("- a}", 4, "item_brace"),
        ("- " + "a" * 501, 503, "long_item"),
        ("- crème brûlée \u263a", 16, "special_character"),
        ("@ ml food", 1, "unknown_directive"),
        ("  @ prebuilt number", 3, "unknown_directive"),
        ("@", 1, "unknown_directive"),
        ("@ lists =", 1, "unknown_directive"),
        ("@ list_x =", 1, "unknown_directive"),
        ("@ speech:phonetic", 1, "unknown_directive"),
        ("@ list =", 8, "list_name"),
        ("@ list", 7, "list_name"),
        ("@ list a, b =", 9, "list_name"),
        ("@ list {@a} =", 8, "list_name"),
        ("@ list " + "a" * 101 + " =", 108, "list_name"),
        ("@ list drink = tea", 16, "after_list"),
        ("@ list FOOD =", 8, "duplicate_list"),
        ("@ list drink =", 1, "empty_list"),
        ("# ", 2, "section_name"),
        ("# my data", 5, "section_name"),
        ("#training-1", 10, "section_name"),
        ("# " + "a" * 101, 103, "section_name"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, line: str, column: int, rule: str) -> None:
    entries, findings = read_text(
        tmp_path, f"{LISTS}@ list x =\n- y\n{line}\n{USED}- {{@x}}"
    )
    assert issues(findings) == [(7, column, "error", rule)]
    assert findings.rejected == 1
    assert findings.all()[0].row == line
    assert [e.text for e in entries] == [
        *("pizza", "cat", "y"),
        *("my {@pet} likes {@food}", "{@x}"),
    ]


@pytest.mark.parametrize(
    ("line", "column", "rule", "advice"),
    [
        ("- dog", 6, "no_slash", "such as cat/k ae t"),
        ("- /d ao g", 3, "no_word", ""),
        ("- ?/d ao g", 3, "no_word", ""),
        ("- dog/", 7, "no_phones", ""),
        ("- hot dog/d ao g", 6, "several_words", "an entry for each word"),
        ("- dog/d ao g/d aa g", 8, "several_words", ""),
        ("- dog/d xx g", 9, "unknown_phone", "use the labels"),
        ("- dog/D AO1 G", 9, "unknown_phone", "it is: D AO G"),
        ("- day/ d EI ow", 13, "unknown_phone", "ow is ARPAbet; write O"),
        ("- cat/K AA T", 3, "too_many_pronunciations", "most frequent"),
        ("- dog/" + "d " * 300, 503, "long_entry", ""),
    ],
)
def test_bad_entries_of_the_lexicon_are_named(
    tmp_path: Path, line: str, column: int, rule: str, advice: str
) -> None:
    start = "@ speech:phoneticlexicon\n- cat/k ae t\n- cat/k ah t\n"
    entries, findings = read_text(tmp_path, f"{start}{line}\n# S\n- the cat's dog\n")
    assert issues(findings) == [(4, column, "error", rule)]
    assert findings.rejected == 1
    assert advice in findings.all()[0].advice
    assert [e.line for e in entries] == [2, 3, 6]


def test_a_word_may_have_a_slash(tmp_path: Path) -> None:
    text = "@ speech:phoneticlexicon\n- AC/DC/EI S I\n# S\n- play AC/DC\n"
    entries, findings = read_text(tmp_path, text)
    assert entries[0] == Entry("lexicon", 2, "AC/DC", "EI S I")
    assert findings.all() == []


def test_what_is_repeated_counts_once(tmp_path: Path) -> None:
    text = LISTS + "- Cat\n@ speech:phoneticlexicon\n- cat/k ae t\n- CAT/K AE T\n"
    entries, findings = read_text(tmp_path, text + USED)
    assert issues(findings) == [
        (5, None, "warning", "repeated_item"),
        (8, None, "warning", "repeated_entry"),
    ]
    assert findings.rejected == 0
    assert [e.line for e in entries] == [2, 4, 7, 10]


def test_bullets_above_all_sections_and_below_bad_directives_are_refused(
    tmp_path: Path,
) -> None:
    text = "- first\n" + LISTS + "@ ml x\n- one\n@ list pet =\n- two\n" + USED
    entries, findings = read_text(tmp_path, text)
    assert issues(findings) == [
        (1, 3, "error", "no_section"),
        (6, 1, "error", "unknown_directive"),
        (7, 3, "error", "below_refused"),
        (8, 8, "error", "duplicate_list"),
        (9, 3, "error", "below_refused"),
    ]
    assert findings.rejected == 5
    assert [e.text for e in entries[:2]] == ["pizza", "cat"]


def test_a_reference_to_a_list_that_is_not_used_says_where_that_is(
    tmp_path: Path,
) -> None:
    text = "@ list empty =\n@ list bad = x\n# S\n- {@empty}\n- {@bad}\n- fine\n"
    entries, findings = read_text(tmp_path, text)
    messages = {i.line: i.advice for i in findings.all() if "unknown" in i.rule}
    assert messages == {4: "mend line 1", 5: "mend line 2"}
    assert [e.text for e in entries] == ["fine"]


def test_what_is_never_used_is_a_note(tmp_path: Path) -> None:
    text = LISTS + "@ speech:phoneticlexicon\n- cat/k ae t\n- owl/AU L\n# S\n- {@pet}"
    _, findings = read_text(tmp_path, text)
    assert issues(findings) == [
        (1, None, "note", "unused_list"),
        (7, None, "note", "unused_word"),
    ]


def test_more_than_20_lists(tmp_path: Path) -> None:
    lists = "".join(f"@ list l{n} =\n- x\n" for n in range(21))
    references = " ".join(f"{{@l{n}}}" for n in range(20))
    text = f"{lists}# S\n- {references}\n- {{@l20}}\n"
    entries, findings = read_text(tmp_path, text)
    assert issues(findings) == [
        (41, 8, "error", "too_many_lists"),
        (42, 3, "error", "below_refused"),
        (45, 3, "error", "unknown_list"),
    ]
    assert len(entries) == 21


def test_more_than_35_000_items(tmp_path: Path) -> None:
    items = "".join(f"- item {n}\n" for n in range(35_002))
    entries, findings = read_text(
        tmp_path, f"@ list x =\n{items}- item 1\n# S\n- {{@x}}"
    )
    assert issues(findings) == [
        (35_002, 3, "error", "too_many_items"),
        (35_003, 3, "error", "too_many_items"),
        (35_004, None, "warning", "repeated_item"),
    ]
    assert len(entries) == 35_001


def test_more_than_15_000_entries(tmp_path: Path) -> None:
    words = [f"word{n}" for n in range(15_001)]
    entries = "".join(f"- {word}/w ER R d\n" for word in words)
    text = f"@ speech:phoneticlexicon\n{entries}# S\n"
    text += "".join(f"- {word}\n" for word in words)
    read_entries, findings = read_text(tmp_path, text)
    assert issues(findings) == [(15_002, 3, "error", "too_many_entries")]
    assert len(read_entries) == 30_001


def test_synonyms_are_items(tmp_path: Path) -> None:
    text = "@ list color =\n  - red :\n    - crimson\n    - scarlet\n# S\n- {@color}"
    entries, findings = read_text(tmp_path, text)
    assert [e.text for e in entries] == ["red", "crimson", "scarlet", "{@color}"]
    assert issues(findings) == [(2, None, "note", "synonyms")]


def test_outside_en_us_the_lexicon_is_ignored(tmp_path: Path) -> None:
    text = EXAMPLE.replace("k ae t", "k a ts\n- dog")
    entries, findings = read_text(tmp_path, text, "de-DE")
    assert [e.section.split()[0] for e in entries] == ["list"] * 4 + ["sentence"] * 2
    assert issues(findings) == [(9, None, "warning", "locale_phones")]
    assert "(entries in all: 2)" in findings.all()[0].message


def test_lists_without_a_sentence_are_warned_about(tmp_path: Path) -> None:
    entries, findings = read_text(tmp_path, "@ list x =\n- y")
    assert [e.text for e in entries] == ["y"]
    assert issues(findings) == [
        (1, None, "note", "unused_list"),
        (None, None, "warning", "no_sentences"),
    ]
