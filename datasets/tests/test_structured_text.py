from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasets.formats import base, definitions
from datasets.formats.base import Entry, Findings, FormatError
from datasets.formats.structured_text import LIST_LOCALES, read, supports_lists
from datasets.tests.structured_files import EXAMPLE, LISTS, USED, issues, read_text
from projects.locales import LOCALES
from speechstudio.tests.samples import sample


def test_it_works(tmp_path: Path) -> None:
    entries, findings = read_text(tmp_path, EXAMPLE)
    assert entries == [
        Entry("list food", 3, "pizza"),
        Entry("list food", 4, "ice cream"),
        Entry("list pet", 6, "cat"),
        Entry("list pet", 7, "dog"),
        Entry("lexicon", 9, "cat", "K AE T"),
        Entry("sentence Training_1", 11, "my {@pet} likes {@food}"),
        Entry("sentence Training_1", 12, "a sentence without a class"),
    ]
    assert (findings.all(), findings.rejected) == ([], 0)


def test_the_sample_of_the_product_is_read_without_any_finding() -> None:
    path = sample("customspeech/en-US-general/training/structured-text.md")
    findings = Findings()
    entries = list(read(path, "en-US", findings))
    sections = [entry.section.split()[0] for entry in entries]
    counts = [sections.count(each) for each in ("list", "lexicon", "sentence")]
    assert counts == [7, 1, 3]
    assert entries[7] == Entry("lexicon", 14, ".net", "D AO T N EH T")
    assert (findings.all(), findings.rejected) == ([], 0)


@pytest.mark.parametrize(
    "text",
    [
        EXAMPLE.replace("\n", "\r\n"),
        EXAMPLE.replace("\n", "\n\n"),
        EXAMPLE.replace("\n", "\n  \t "),
        EXAMPLE.replace("- ", "+ "),
        EXAMPLE.replace("- ", "*   "),
        EXAMPLE.replace("- ", "-"),
        EXAMPLE.replace("- ", "\t-\t"),
        EXAMPLE.replace("#", "## "),
        EXAMPLE.replace("@ ", "@"),
        EXAMPLE.replace("@ ", "@   "),
        EXAMPLE.replace(" =", "="),
        EXAMPLE.replace(" =", "   =  "),
        EXAMPLE.replace(" =", ""),
        EXAMPLE.replace("list", "LIST").replace("speech:phonetic", "Speech:Phonetic"),
        EXAMPLE.replace("lexicon", "lexicon ="),
        EXAMPLE.replace("k ae t", " K   Ae T "),
        EXAMPLE.replace("// comment", "   //comment"),
        EXAMPLE.encode("utf-16"),
        EXAMPLE.encode("utf-8"),
    ],
)
def test_what_the_parent_format_allows_is_read_alike(
    tmp_path: Path, text: str | bytes
) -> None:
    expected, _ = read_text(tmp_path, EXAMPLE)
    entries, findings = read_text(tmp_path, text)
    assert [e._replace(line=0) for e in entries] == [
        e._replace(line=0) for e in expected
    ]
    assert findings.rejected == 0


def test_a_reference_may_have_spaces_and_another_case(tmp_path: Path) -> None:
    text = LISTS + "# S\n- { @Pet } and {@ FOOD}\n- {@pet}\n"
    entries, findings = read_text(tmp_path, text)
    assert [e.text for e in entries[-2:]] == ["{ @Pet } and {@ FOOD}", "{@pet}"]
    assert findings.all() == []


def test_a_list_may_be_defined_after_the_sentence(tmp_path: Path) -> None:
    entries, findings = read_text(tmp_path, USED + LISTS)
    assert [e.line for e in entries] == [4, 6, 2]
    assert findings.all() == []


def test_sections_can_return_and_follow_lists(tmp_path: Path) -> None:
    text = "# A\n- one\n@ list x =\n- item\n# B\n- two {@x}\n# A\n- three\n"
    entries, findings = read_text(tmp_path, text)
    assert [(e.section, e.text) for e in entries] == [
        ("list x", "item"),
        ("sentence A", "one"),
        ("sentence B", "two {@x}"),
        ("sentence A", "three"),
    ]
    assert findings.all() == []


@pytest.mark.parametrize(
    ("line", "column", "rule"),
    [
        ("- my {@bird}", 6, "unknown_list"),
        ("- my {@pet} and {@bird}", 17, "unknown_list"),
        ("- my {@}", 6, "empty_reference"),
        ("  - {@ }", 5, "empty_reference"),
        ("- my {@pet", 6, "unclosed_reference"),
        ("- my {@pet {@food}", 6, "unclosed_reference"),
        ("- {@{@{@pet}}}", 3, "unclosed_reference"),
        ("- my { pet }", 6, "brace"),
        ("- my pet}", 9, "brace"),
        ("- {@pet}}", 9, "brace"),
        ("- {", 3, "brace"),
        ("- ", 2, "empty_sentence"),
        ("- !?", 3, "empty_sentence"),
        ("- I \u2764 {@pet}", 5, "special_character"),
        ("- {@pet} \ufffd", 10, "lost_characters"),
    ],
)
def test_bad_sentences_are_named(
    tmp_path: Path, line: str, column: int, rule: str
) -> None:
    entries, findings = read_text(tmp_path, f"{LISTS}{USED}{line}\n- last")
    assert issues(findings) == [(7, column, "error", rule)]
    assert (findings.rejected, findings.all()[0].row) == (1, line)
    assert [e.line for e in entries] == [2, 4, 6, 8]


def test_words_are_taken_as_they_are_written(tmp_path: Path) -> None:
    text = "@ list café =\n- Crème\tbrûlée\n# S\n- a  “{@café}”, a 7 € {@CAFE\u0301}\n"
    entries, findings = read_text(tmp_path, text)
    assert [e.text for e in entries] == [
        "Crème brûlée",
        "a  “{@café}”, a 7 € {@CAFE\u0301}",
    ]
    assert findings.all() == []


def test_comments_of_the_parent_format_are_noted(tmp_path: Path) -> None:
    entries, findings = read_text(tmp_path, "> one\n# S\n- two\n> three")
    assert [e.text for e in entries] == ["two"]
    assert issues(findings) == [(1, None, "note", "comments")]


@pytest.mark.parametrize(
    ("header", "section"),
    [
        ("# my data!", "my_data_"),
        ("#", "_"),
        ("# " + "a" * 150, "a" * 100),
        ("# übung_२", "übung_२"),
        ("# हिन्दी", "हिन्दी"),
    ],
)
def test_sentences_of_a_section_with_a_bad_name_are_used(
    tmp_path: Path, header: str, section: str
) -> None:
    entries, _ = read_text(tmp_path, f"{header}\n- hello")
    assert entries == [Entry(f"sentence {section}", 2, "hello")]


def test_in_other_locales_sentences_without_a_reference_are_plain_text(
    tmp_path: Path,
) -> None:
    text = "- nowhere\n" + EXAMPLE + "- bad } brace\n@ ml x\n- y\n"
    entries, findings = read_text(tmp_path, text, "bg-BG")
    assert entries == [Entry("sentence Training_1", 13, "a sentence without a class")]
    assert issues(findings) == [
        (1, 3, "error", "no_section"),
        (14, 7, "error", "brace"),
        (None, None, "warning", "locale_lists"),
    ]
    assert findings.all()[-1].message == (
        "lists are not supported in bg-BG; used as plain text: sentences without a "
        "reference (1); ignored: sentences with a reference (1), items of lists and "
        "lexicon (6)"
    )
    assert findings.rejected == 2


def test_locales_are_those_of_the_language_table() -> None:
    assert len(LIST_LOCALES) == 66
    without = [locale for locale, _ in LOCALES if not supports_lists(locale)]
    assert without == [
        *("bg-BG", "ca-ES", "de-CH", "et-EE", "he-IL", "hr-HR", "lt-LT", "lv-LV"),
        *("nb-NO", "ro-RO", "sk-SK", "sl-SI", "uk-UA", "vi-VN"),
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "empty"),
        (b"\n\n", "nothing_usable"),
        (b"just\nplain\nsentences", "nothing_usable"),
        (b"# S\n- {@x}", "nothing_usable"),
        (b"PK\x03\x04\x00\x00\x00\x00", "not_text"),
    ],
)
def test_files_that_are_unusable(tmp_path: Path, text: bytes, code: str) -> None:
    with pytest.raises(FormatError) as error:
        read_text(tmp_path, text)
    assert error.value.code == f"structured_text.{code}"


@pytest.mark.parametrize(
    ("name", "is_taken"),
    [("a.md", True), ("A.TXT", True), ("a.zip", False), ("a.lu", False)],
)
def test_the_extension(tmp_path: Path, name: str, is_taken: bool) -> None:
    path = tmp_path / "stored"
    path.write_text(EXAMPLE)
    if is_taken:
        assert list(read(path, "en-US", Findings(), name=name))
        return
    with pytest.raises(FormatError) as error:
        list(read(path, "en-US", Findings(), name=name))
    assert error.value.code == "structured_text.extension"


def test_a_file_over_200_mb(tmp_path: Path) -> None:
    path = tmp_path / "big.md"
    with path.open("wb") as file:
        file.truncate(200 * 2**20 + 1)
    with pytest.raises(FormatError) as error:
        list(read(path, "en-US", Findings()))
    assert error.value.code == "structured_text.too_large"


PIECES = st.sampled_from(
    [
        *("@ list ", "@ speech:phoneticlexicon", "x", " =", "\n", "\n- ", "# ", "{@x}"),
        *("{", "}", "@", "/", "k ae t", "ER", " ", "//", ">", ":", "\u00a0", "-", "é"),
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    text=st.one_of(st.text(), st.lists(PIECES, max_size=40).map("".join)),
    locale=st.sampled_from(["en-US", "de-DE", "bg-BG"]),
)
def test_every_line_is_accounted_for(tmp_path: Path, text: str, locale: str) -> None:
    path = tmp_path / "fuzz.md"
    text = f"// {'so that it is a text ' * 200}\n# S\n- always\n{text}"
    path.write_text(text, "utf-8-sig", "surrogatepass", newline="")
    findings = Findings()
    entries = list(read(path, locale, findings))
    issues = findings.all()
    refused = [i for i in issues if i.level == "error"]
    assert findings.rejected == len(refused)
    assert all(i.line and i.column and i.advice for i in refused)
    lines = [i.line for i in refused] + [e.line for e in entries]
    assert len(lines) == len(set(lines))  # used or refused, and only once
    for issue in refused:
        assert issue.column is not None
        assert 1 <= issue.column <= len(issue.row) + 1
    used = {e.line for e in entries} | {i.line for i in issues}
    bullets = [
        number
        for number, row in enumerate(path.read_text("utf-8-sig").split("\n"), 1)
        if row.strip()[:1] in {"-", "+", "*"}
    ]
    if locale == "en-US":
        assert used.issuperset(bullets)


@pytest.mark.parametrize(
    "line",
    [
        *("- " + "{@" * 4_999, "- " + "{@x}" * 2_400, "- " + "}" * 9_000),
        *("- " + "{ " * 4_999, "- " + " {" * 4_999, "@ list" + " a" * 4_900),
        *("@ list" + " " * 9_000 + "x =", "#" * 9_000, "# " + "- " * 4_900),
        *("@ " + "list " * 1_900, "- " + "a/" * 4_900, "-" + " " * 9_000 + "x"),
    ],
)
def test_hostile_lines_are_judged_fast(tmp_path: Path, line: str) -> None:
    text = "@ list x =\n- y\n# S\n- {@x}\n" + f"{line}\n" * 100
    start = time.perf_counter()
    read_text(tmp_path, text)
    read_text(tmp_path, f"{text}@ speech:phoneticlexicon\n" + f"{line}\n" * 100)
    assert time.perf_counter() - start < 10


def test_memory_does_not_grow_with_the_sentences(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(definitions, "MAX_ITEMS", 100)
    monkeypatch.setattr(base, "MAX_ISSUES_PER_RULE", 100)
    path = tmp_path / "big.md"
    sentences = "".join(f"- sentence {n} of {{@x}}\n" for n in range(20_000))
    items = "".join(f"- item {n}\n" for n in range(20_000))
    path.write_text(f"# S\n{sentences}@ list x =\n{items}")
    tracemalloc.start()
    findings = Findings()
    assert sum(1 for _ in read(path, "en-US", findings)) == 20_100
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert findings.rejected == 19_900
    assert peak < 2 * 2**20
