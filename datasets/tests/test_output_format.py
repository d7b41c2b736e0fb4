"""The rules file of display formats: what is taken, and why a line is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.formats import output_format
from datasets.formats.base import Entry, Findings, FormatError, Issue
from datasets.formats.output_format import LOCALES, read
from speechstudio.tests.samples import sample

SAMPLE = "customspeech/en-US-display-formatting/display-format.txt"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rules.md"


def taken(file: Path, text: str, locale: str = "en-US") -> tuple[list[Entry], Findings]:
    file.write_text(text, encoding="utf-8-sig", newline="")
    findings = Findings()
    return list(read(file, locale, findings)), findings


def problems(findings: Findings) -> list[Issue]:
    return [issue for issue in findings.all() if issue.level == "error"]


def test_the_sample_is_taken_and_passes_its_tests() -> None:
    findings = Findings()
    entries = list(read(sample(SAMPLE), "en-US", findings))
    sections = [entry.section for entry in entries]
    assert [sections.count(s) for s in ("itn", "rewrite", "profanity", "test")] == [
        *(2, 16, 2, 20)
    ]
    assert {e.result for e in entries if e.section == "test"} == {"passed"}
    assert findings.rejected == 0
    assert [issue.message for issue in findings.all()] == ["20 of 20 tests passed"]


def test_sections_comments_and_columns(file: Path) -> None:
    text = """// a comment
#itn
cat-\\d
  // another
# REWRITE // repeated below
 old phrase \t New Phrase\t
#Profanity
fake word
#test
cat nine\tCat-9
#  itn
dog-\\d
"""
    entries, findings = taken(file, text)
    assert entries == [
        Entry("itn", 3, r"cat-\d"),
        Entry("rewrite", 6, "old phrase", "New Phrase"),
        Entry("profanity", 8, "fake word"),
        Entry("itn", 12, r"dog-\d"),
        Entry("test", 10, "cat nine", "Cat-9", "passed"),
    ]
    assert findings.rejected == 0


REFUSED = [
    ("hello", "no_section", None),
    ("#ITNs", "unknown_section", 1),
    ("#itn\n(a|b", "pattern", 1),
    ("#itn\n  ab+", "pattern", 5),
    ("#itn\ncat\tdog", "columns", 4),
    ("#itn\n-", "pattern", 1),
    ("#rewrite\na b", "no_tab", None),
    ("#rewrite\nabc  d", "no_tab", 4),
    ("#rewrite\n a => b", "no_tab", 3),
    ("#rewrite\na | b", "no_tab", 2),
    ("#rewrite\n\tb", "empty_column", 1),
    ("#rewrite\na\t ", "empty_column", 2),
    ("#rewrite\na\tb\tc", "columns", 4),
    ("#rewrite\n...\tb", "no_words", 1),
    ("#rewrite\n" + "a " * 51 + "\tb", "long_phrase", 1),
    ("#profanity\nbad, word", "punctuation", 4),
    ("#profanity\n bad.", "punctuation", 5),
    ("#profanity\nbad\tword", "columns", 4),
    ("#test\nno tab", "no_tab", None),
    ("#test\nno tab\t", "empty_column", 7),
]


@pytest.mark.parametrize(("text", "rule", "column"), REFUSED)
def test_refused_lines_say_why_and_where(
    file: Path, text: str, rule: str, column: int | None
) -> None:
    entries, findings = taken(file, f"#itn\ngood\n\n#none\n{text}")
    *_, issue = problems(findings)
    assert (issue.rule, issue.column) == (f"output_format.{rule}", column)
    assert issue.file == "rules.md"
    assert issue.line == 5 + text.count("\n")
    assert issue.row == text.split("\n")[-1]
    assert issue.advice
    assert findings.rejected == len(problems(findings)) == 2
    assert entries == [Entry("itn", 2, "good")]


SEPARATORS = [
    ("a  b", "several spaces"),
    ("a -> b", "an arrow"),
    ("a;b", "a semicolon"),
    ("a, b", "a comma"),
    ("a = b", "an equals sign"),
]


@pytest.mark.parametrize(("row", "name"), SEPARATORS)
def test_what_stands_for_the_tab_is_named(file: Path, row: str, name: str) -> None:
    _, findings = taken(file, f"#itn\ngood\n#rewrite\n{row}")
    assert problems(findings)[0].message == f"has no TAB; {name} may stand for it"


def test_repeated_rules_count_once(file: Path) -> None:
    rules = "#itn\na\na\n#rewrite\na b\tX\nA, b.\tX\nA B\tY\n#profanity\nbad\nBAD"
    entries, findings = taken(file, rules)
    assert [entry.line for entry in entries] == [2, 5, 9]
    rows = [(issue.line, issue.rule, issue.level) for issue in findings.all()]
    assert rows == [
        (3, "output_format.repeated_line", "warning"),
        (6, "output_format.repeated_line", "warning"),
        (7, "output_format.duplicate", "error"),
        (10, "output_format.repeated_line", "warning"),
    ]
    assert "line 5 has another replacement" in findings.all()[2].message


@pytest.mark.parametrize(
    ("section", "line", "limit"),
    [
        ("itn", "a{}", 200),
        ("rewrite", "a{}\tb", 1000),
        ("profanity", "a{}", 1000),
    ],
)
def test_limits_of_lines(file: Path, section: str, line: str, limit: int) -> None:
    lines = [line.format(number) for number in range(limit + 2)]
    entries, findings = taken(file, "\n".join([f"#{section}", *lines]))
    assert len(entries) == limit
    assert findings.rejected == 2
    assert [issue.line for issue in problems(findings)] == [limit + 2, limit + 3]
    assert {issue.rule for issue in problems(findings)} == {"output_format.limit"}


def test_what_would_make_a_text_endless_is_refused(file: Path) -> None:
    long = f"a\t{'x ' * 250}y"
    rules = f"#rewrite\na\t{'x' * 500}\n{long}\n#test\n{'a ' * 501}\tA"
    entries, findings = taken(file, rules)
    assert len(entries) == 1
    assert [(i.line, i.rule, i.column) for i in problems(findings)] == [
        (3, "output_format.long_text", 3),
        (5, "output_format.long_text", 1),
    ]


@pytest.mark.parametrize("locale", ["zh-CN", "ja-JP"])
def test_english_profanity_in_chinese_and_japanese(file: Path, locale: str) -> None:
    text = "#profanity\nbad\n坏话\nbad word"
    entries, findings = taken(file, text, locale)
    assert [entry.text for entry in entries] == ["bad", "坏话"]
    assert [i.rule for i in problems(findings)] == ["output_format.english_phrase"]


def test_failed_tests_are_warnings_with_both_texts(file: Path) -> None:
    text = "#itn\ncat-\\d\n#test\ncat nine\tcat-9\ncat nine\tDog\ncat six\tCat-6"
    entries, findings = taken(file, text)
    assert [entry.result for entry in entries[1:]] == ["Cat-9", "Cat-9", "passed"]
    capitals, other, summary = findings.all()
    assert capitals.message == 'the test gives "Cat-9" instead of "cat-9"'
    assert "capitals only" in capitals.advice
    assert (other.level, other.line) == ("warning", 5)
    assert summary.message == "1 of 3 tests passed"
    assert findings.rejected == 0


def test_tests_use_rules_that_come_after_them(file: Path) -> None:
    entries, _ = taken(file, "#test\ncat nine\tCat-9\n#itn\ncat-\\d")
    assert entries[-1].result == "passed"


def test_tests_end_after_a_minute(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_format, "MAX_TEST_SECONDS", -1.0)
    entries, findings = taken(file, "#itn\na\n#test\na\tA\nb\tB")
    assert [entry.section for entry in entries] == ["itn"]
    assert findings.all()[0].rule == "output_format.tests_stopped"


def test_line_ends_and_a_missing_last_one(file: Path) -> None:
    for end in ("\n", "\r\n", "\r"):
        entries, findings = taken(file, end.join(["#itn", "cat", "#test", "x\tX"]))
        assert len(entries) == 2
        assert findings.rejected == 0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("#itn\n(a\n#test\na\tA", "nothing_usable"),
        ("// nothing", "nothing_usable"),
        ("", "empty"),
    ],
)
def test_a_file_without_rules_is_unusable(file: Path, text: str, code: str) -> None:
    with pytest.raises(FormatError) as raised:
        taken(file, text)
    assert raised.value.code == f"output_format.{code}"


def test_other_files_are_unusable(tmp_path: Path) -> None:
    archive = tmp_path / "rules.txt"
    archive.write_bytes(b"PK\x03\x04" + bytes(100))
    for path, name, code in (
        (archive, "rules.txt", "not_text"),
        (archive, "rules.zip", "extension"),
    ):
        with pytest.raises(FormatError) as raised:
            list(read(path, "en-US", Findings(), name=name))
        assert raised.value.code == f"output_format.{code}"


def test_ten_megabytes_are_the_most(file: Path) -> None:
    with file.open("wb") as output:
        output.truncate(output_format.MAX_BYTES + 1)
    with pytest.raises(FormatError) as raised:
        list(read(file, "en-US", Findings()))
    assert raised.value.code == "output_format.too_large"


def test_locales() -> None:
    assert len(LOCALES) == 32
    assert {"en-US", "zh-CN", "th-TH"} <= LOCALES


LINES = ["#itn", "#rewrite", "# profanity", "#test", "#x", "//", "", "a\tb", "a", "(a"]
LINES += [
    "a\tb\tc",
    "\t",
    "1 one\tx",
    "。",
    "a,",
    "中文",
    r"\d{to>-}\d",
    "one to two\t1-2",
]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(LINES) | st.text(max_size=10), max_size=20),
    st.sampled_from(["en-US", "zh-CN", "de-DE"]),
)
def test_no_file_crashes(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], locale: str
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "rules.txt"
    path.write_text("\n".join(lines), encoding="utf-8", errors="replace")
    findings = Findings()
    try:
        list(read(path, locale, findings))
    except FormatError as error:
        assert error.code.startswith("output_format.")
    assert findings.rejected == len(problems(findings))
