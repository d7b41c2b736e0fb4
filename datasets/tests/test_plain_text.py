# ruff: noqa: RUF001 - characters that look like others are what this is about
from __future__ import annotations

import re
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from datasets.formats import plain_text, sentences
from datasets.formats.base import Entry, Findings, FormatError
from speechstudio.tests.samples import sample

BOM = "\ufeff"


def read(
    data: str | bytes, folder: Path, locale: str = "en-US", name: str = "words.txt"
) -> tuple[list[Entry], Findings]:
    path = folder / "upload"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    findings = Findings()
    return list(plain_text.read(path, locale, findings, name=name)), findings


def found(findings: Findings) -> list[tuple[int | None, str, str]]:
    return [(i.line, i.level, i.rule.partition(".")[2]) for i in findings.all()]


def test_it_works(tmp_path: Path) -> None:
    text = f"{BOM}Where is the café?\r\n\r\n  “It’s” 50 % — or 3 €… \r\n"
    entries, findings = read(text, tmp_path)
    assert entries == [
        Entry("sentence", 1, "Where is the café?"),
        Entry("sentence", 3, "“It’s” 50 % — or 3 €…"),
    ]
    assert (findings.all(), findings.rejected) == ([], 0)


@pytest.mark.parametrize(
    ("name", "locale", "number"),
    [
        ("en-US-general/training/related-text.txt", "en-US", 28),
        ("de-DE/related-text.txt", "de-DE", 27),
        ("en-US-display-formatting/plain-text.txt", "en-US", 4357),
    ],
)
def test_the_samples_of_the_reference(name: str, locale: str, number: int) -> None:
    findings = Findings()
    path = sample(f"customspeech/{name}")
    entries = list(plain_text.read(path, locale, findings))
    assert len(entries) == number
    assert findings.rejected == 0
    assert {issue.level for issue in findings.all()} <= {"note"}


@pytest.mark.parametrize(
    ("locale", "line"),
    [
        ("en-US", "Add 5 + 3, & send 20 % to bob@contoso.com for $7 <now>!"),
        ("en-US", "It is 20 °C in Café™ №5, 3 × 4 ± ½"),
        ("en-US", "See contoso.com and/or the 3:30 show: 1/2 off"),
        ("en-US", "Yeah yeah yeah, ha ha ha, hmmm... really?!!!"),
        ("en-US", "Ten thousand is 10000, the code 0000, a million 1,000,000"),
        ("en-US", "Call 5 5 5 5 0 0 0 0"),
        ("en-US", "I said I said I said it"),
        ("en-US", "bananananana hahahahaha"),
        ("en-US", "spaces      do not count"),
        ("de-DE", "„Größe“ – Käse, 20 % für 3,50 €"),
        ("fr-FR", "« Ça va ? » où l’été"),
        ("hi-IN", "यह हिन्दी है। १२३"),
        ("fa-IR", "می\u200cروم، سلام؟"),
        ("th-TH", "สวัสดีครับ"),
        ("ko-KR", "안녕하세요, 반갑습니다."),
        ("ja-JP", "「全角」＋～ １２３％、㎏㈱です。"),
        (
            "ja-JP",
            "あ" + "いう" * 3 + "え" * 3 + "".join(map(chr, range(19968, 20048))),
        ),
        ("zh-CN", "你好，世界！𠀀𠀁"),
    ],
)
def test_good_lines(locale: str, line: str, tmp_path: Path) -> None:
    entries, findings = read(f"{BOM}{line}", tmp_path, locale)
    assert found(findings) == []
    assert [entry.text for entry in entries] == [line]


@pytest.mark.parametrize(
    ("locale", "line", "rule", "column", "words"),
    [
        ("en-US", "go to https://contoso.com/a", "uri", 7, "web address"),
        ("en-US", "go to HTTP://X", "uri", 7, "web address"),
        ("en-US", "see (ftp://x.y) now", "uri", 6, "web address"),
        ("en-US", "see www.contoso.com", "uri", 5, "web address"),
        ("en-US", "see WWW.contoso.com", "uri", 5, "web address"),
        ("en-US", "mailto:bob@contoso.com", "uri", 1, "web address"),
        ("en-US", "on contoso.co.uk/news today", "uri", 4, "web address"),
        ("ja-JP", "詳しくはwww.contoso.jpへ", "uri", 5, "web address"),
        ("en-US", "aaaa", "repeated", 1, '"a" 4 times'),
        ("en-US", "Oh Aaaargh", "repeated", 4, '"A" 4 times'),
        ("en-US", "well.... no", "repeated", 5, r'"\." 4 times'),
        ("en-US", "ha ha ha ha", "repeated", 1, '"ha" 4 times'),
        ("en-US", "Oh yeah, Yeah. “yeah” - YEAH!", "repeated", 4, '"yeah" 4 times'),
        ("en-US", "so that's it that's it that's it that's it", "repeated", 4, "s it"),
        ("en-US", "I said I said I said I said", "repeated", 1, '"I said" 4 times'),
        ("en-US", "a b c d e f g h i j " * 4, "repeated", 1, '"a b c d e f g h i j" 4'),
        ("en-US", "0" * 13, "repeated", 1, '"0" 13 times'),
        ("en-US", "1 2 " * 13, "repeated", 1, '"1 2" 13 times'),
        ("de-DE", "Äh äh ÄH äh", "repeated", 1, '"Äh" 4 times'),
        ("ja-JP", "はいはいはいはい", "repeated", 1, '"はい" 4 times'),
        ("zh-CN", "你𠀀𠀀𠀀𠀀", "repeated", 2, "4 times"),
        ("en-US", "I am happy ☺", "special_character", 12, r"U\+263A, white smiling"),
        ("en-US", "ok 😀 fine ✓", "special_character", 4, "different ones in all: 2"),
        ("en-US", "a → b", "special_character", 3, r"U\+2192, rightwards arrow"),
        ("en-US", "│ a", "special_character", 1, "box drawings"),
        ("en-US", "x \ue000", "special_character", 3, r"U\+E000, a character without"),
        ("en-US", "\U000e0041 x", "special_character", 1, r"U\+E0041"),
        ("en-US", "caf\ufffd", "lost_characters", 4, "lost"),
        ("de-DE", "20 °C", "special_character", 4, "degree sign"),
        ("de-DE", "siehe § 5", "special_character", 7, "section sign"),
        ("de-DE", "© Contoso", "special_character", 1, "copyright"),
        ("en-US", "...", "no_word", None, "no word"),
        ("en-US", "- ?!", "no_word", None, "no word"),
        (
            "ja-JP",
            "".join(map(chr, range(19968, 20059))),
            "sentence_too_long",
            None,
            "91",
        ),
        ("en-US", "ab " * 3334, "line_too_long", None, "10,000 characters"),
    ],
)
def test_bad_lines_are_named(
    locale: str, line: str, rule: str, column: int | None, words: str, tmp_path: Path
) -> None:
    entries, findings = read(f"{BOM}good\n{line}\ngut", tmp_path, locale)
    assert [(entry.line, entry.text) for entry in entries] == [(1, "good"), (3, "gut")]
    (issue,) = findings.all()
    assert issue.rule == f"plain_text.{rule}"
    assert (issue.level, issue.line, issue.column) == ("error", 2, column)
    # What is too long is not kept whole, so not at all.
    assert issue.row == ("" if rule == "line_too_long" else line)
    assert re.search(words, issue.message)
    assert issue.advice
    assert findings.rejected == 1


def test_every_bad_line_is_refused_once(tmp_path: Path) -> None:
    entries, findings = read(f"{BOM}☺ www.x.y aaaa\nfine\n" * 2_000, tmp_path)
    assert len(entries) == findings.rejected == 2_000
    assert [i.line for i in findings.all()] == [1, *range(3, 4_000, 2)]


def test_tabs_become_spaces_and_are_said_once(tmp_path: Path) -> None:
    entries, findings = read(f"{BOM}one\ntwo\tmore\nsome\tmore\t\n", tmp_path)
    assert [entry.text for entry in entries] == ["one", "two more", "some more"]
    assert found(findings) == [(2, "warning", "tab")]
    assert "in all: 2" in findings.all()[0].message


@pytest.mark.parametrize(
    ("locale", "number", "warned"),
    [
        ("ja-JP", 20_000, False),
        ("ja-JP", 20_001, True),
        ("ko-KR", 20_001, True),
        ("en-US", 20_001, False),
    ],
)
def test_long_japanese_and_korean_files(
    locale: str, number: int, warned: bool, tmp_path: Path
) -> None:
    entries, findings = read(BOM + "ok\n\n" * number, tmp_path, locale)
    assert len(entries) == number
    assert found(findings) == [(None, "warning", "many_lines")] * warned


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"", "a.txt", "empty"),
        (b"PK\x03\x04" + bytes(99), "a.txt", "not_text"),
        (b"\x1f\x8b" + bytes(99), "a.txt", "not_text"),
        (b"hello", "a.zip", "extension"),
        (b"hello", "a.txt.gz", "extension"),
        (b"\n \n\t\n", "a.txt", "nothing_usable"),
        (b"aaaa\nbbbb", "a.txt", "nothing_usable"),
    ],
)
def test_unusable_files(data: bytes, name: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError) as caught:
        read(data, tmp_path, name=name)
    assert caught.value.code == f"plain_text.{code}"


def test_a_file_that_is_one_long_line(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"words " * 200_000)
    findings = Findings()
    with pytest.raises(FormatError) as caught:
        list(plain_text.read(path, "en-US", findings))
    assert caught.value.code == "plain_text.nothing_usable"
    assert found(findings) == [(1, "error", "line_too_long")]


def test_more_than_200_mb_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with path.open("wb") as file:
        file.truncate(200 * 2**20 + 1)
    with pytest.raises(FormatError, match=r"at most 200\.0 MB"):
        next(plain_text.read(path, "en-US", Findings()))


@pytest.mark.parametrize(
    "line",
    [
        "☺" * 3_000,
        "a.b/" * 2_400,
        "http:/" * 1_600,
        "5 " * 4_990,
        "ab ab ab c " * 900,
        "1 1 1 1 a " * 990,
        "はいいえ" * 2_400,
        "aaab" * 2_400,
        "-" * 9_990,
        "",
        "\x01 and some more words after it",
        "é☺",
        "    ",
    ],
)
def test_no_line_is_slow(line: str, tmp_path: Path) -> None:
    rows = f"{line}\n"
    data = rows * (2**19 // len(rows.encode()))
    start = time.process_time()
    entries, findings = read(f"{BOM}good words\n{data}", tmp_path)
    assert time.process_time() - start < 5
    blank = 0 if line.strip() else data.count("\n")
    assert len(entries) + findings.rejected + blank == 1 + data.count("\n")


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    text = "This is a sentence of the café, and it is followed by others.\n" * 100_000
    path.write_text(text, encoding="utf-8")
    next(plain_text.read(path, "en-US", Findings()))  # the tables, made once
    tracemalloc.start()
    try:
        assert sum(1 for _ in plain_text.read(path, "en-US", Findings())) == 100_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000


_LINES = st.lists(
    st.text("aAé字は. \t☺0-/:w\x00\ufffd𠀀", max_size=12)
    | st.sampled_from(["a", "b ", "A, ", "は", "0", "www.", "://"]).flatmap(
        lambda unit: st.integers(1, 15).map(lambda times: unit * times)
    )
    | st.text(max_size=20),
    max_size=12,
)


@given(_LINES, st.sampled_from(["en-US", "de-DE", "ja-JP"]))
@example(["𠀀 𠀀 𠀀 𠀀"], "zh-CN")
def test_every_line_is_used_refused_or_blank(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], locale: str
) -> None:
    lines = [re.sub(r"[\r\n]", "", line) for line in lines]
    data = "\n".join(["good words " + "." * 3, *lines, ""])
    try:
        entries, findings = read(
            data.encode("utf-8", "replace"), tmp_path_factory.getbasetemp(), locale
        )
    except FormatError as error:
        assert error.code == "plain_text.not_text"
        return
    used = [entry.line for entry in entries]
    refused = [i.line for i in findings.all() if i.level == "error" and i.line]
    assert len(refused) == findings.rejected
    assert not set(used) & set(refused)
    blank = set(range(1, len(lines) + 2)) - {*used, *refused}
    cleaned = ["", "x", *lines]
    pattern = r"[\s\x00-\x1f\x7f-\x9f\ufeff]*"
    assert all(re.fullmatch(pattern, cleaned[number]) for number in blank)


@given(_LINES)
def test_what_is_flagged_at_once_is_what_each_line_has(lines: list[str]) -> None:
    lines = [re.sub(r"[\n\u0130]", "", line) for line in lines]
    if not lines:
        return
    flags = plain_text._suspects(lines, german=False).tolist()
    for line, flag in zip(lines, flags, strict=True):
        assert flag & 1 or sentences.symbol(line, "en") is None
        assert flag & 2 or sentences.uri(line) is None
        assert flag & 4 or sentences.repeated_character(line) is None
        assert flag & 8 or sentences.repeated_words(line) is None
        assert flag & 16 or sentences.no_word(line) is None


@given(st.binary(max_size=80))
def test_any_bytes_do_no_harm(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    try:
        entries, _ = read(data, tmp_path_factory.getbasetemp(), "ko-KR")
    except FormatError as error:
        assert error.code.startswith("plain_text.")
        return
    assert all(entry.text.strip() == entry.text != "" for entry in entries)
