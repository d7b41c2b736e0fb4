"""Structured text: sentences with places where the items of a list can stand.

A Markdown file (.md, and .txt is taken as well) of at most 200 MB:

    // what comes after two slashes is a comment
    @ list food =
    - pizza
    - ice cream
    @ list pet =
    - cat
    @ speech:phoneticlexicon
    - cat/k ae t
    #Training_1
    - my {@pet} likes {@food}
    - a sentence without a list

A line begins with `//`, with `@` and a directive, with `#` and the name of a
section (letters, digits and underscores), or it is a bullet and belongs to the
last directive or section above it. Blank lines mean nothing. A sentence refers
to any number of lists, also to lists that are defined later. Lists and lexicon
are described, with their limits, in `datasets/formats/definitions.py`.

It is a part of the .lu format, and what that allows is taken here too: `-`, `+`
and `*` as bullets, lines that are indented, missing and additional spaces in
`@ list NAME =` and `{@NAME}`, directives in upper or lower case, comments after
`>`, several `#`. A section whose name is not allowed is reported, and its
sentences are used under a name that is. The characters that plain text refuses are
refused here as well.

Which locales have structured text says the language table of the product
(`LIST_LOCALES`). In all others only the sentences without a reference are used, as
plain text. A phone set is published for en-US only; elsewhere the lexicon is
ignored. Both is said in one warning each, with the numbers.

The file is read twice, first for lists and lexicon, then for the sentences, so
that memory does not grow with it. Issues and entries come in that order.

Reference:
https://learn.microsoft.com/azure/ai-services/speech-service/how-to-custom-speech-test-and-train
https://learn.microsoft.com/azure/ai-services/speech-service/language-support
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from datasets.formats.base import Entry, Findings, bare_name, key, shown
from datasets.formats.definitions import (
    MAX_NAME_CHARACTERS,
    Block,
    Bullet,
    Definitions,
    Problem,
    list_header,
    problem_of,
)
from datasets.formats.text import Reporter, Tally, check_suffix, read_lines
from scoring.locale import language_of

MAX_BYTES = 200 * 2**20
SUFFIXES = (".md", ".txt")
_LIST_LOCALES = """
ar-EG ar-SA cs-CZ da-DK de-AT de-DE el-GR
en-AU en-CA en-GB en-GH en-HK en-IE en-IN en-KE en-NG en-NZ en-PH en-SG en-TZ en-US
en-ZA es-AR es-BO es-CL es-CO es-CR es-CU es-DO es-EC es-ES es-GQ es-GT es-HN es-MX
es-NI es-PA es-PE es-PR es-PY es-SV es-US es-UY es-VE fi-FI fr-CA fr-FR hi-IN hu-HU
id-ID it-IT ja-JP ko-KR nl-NL pl-PL pt-BR pt-PT ru-RU sv-SE ta-IN te-IN th-TH tr-TR
zh-CN zh-HK zh-TW
"""
LIST_LOCALES = frozenset(_LIST_LOCALES.split())
PHONE_LOCALES = frozenset({"en-US"})

_BULLETS = frozenset("-+*")
_REFERENCE = re.compile(r"\{\s*@([^{}]*)\}")
_WORD = re.compile(r"\w+")
_MARK = re.compile(r"[^\w\s]")
_MARKS = ".,!?;:\"'()"


def supports_lists(locale: str) -> bool:
    """Whether lists, references and sections mean anything in this locale.

    >>> supports_lists("en-GB"), supports_lists("bg-BG")
    (True, False)
    """
    return locale in LIST_LOCALES


def read(
    path: Path, locale: str, findings: Findings, *, name: str = ""
) -> Iterator[Entry]:
    """The items (`list NAME`), the words (`lexicon`, with their phones in upper case
    as `other`) and the sentences (`sentence SECTION`, with their references as they
    were written), in this order. `name` is what the user calls the file.

    Raises FormatError with the codes of `read_lines` and `check_suffix`, and
    `structured_text.nothing_usable`.
    """
    file = shown(bare_name(name or path.name))
    reporter = Reporter(findings, file, "structured_text")
    check_suffix(name or path.name, reporter, SUFFIXES)
    outline = _Outline(reporter, locale)
    is_empty = True
    for number, line in read_lines(path, locale, reporter, max_bytes=MAX_BYTES):
        entry = outline.take(number, line)
        if entry is not None:
            is_empty = False
            yield entry
    outline.finish()
    sentences = _Sentences(reporter, outline.definitions)
    again = Reporter(Findings(), file, "structured_text")  # all is said already
    for number, line in read_lines(path, locale, again, max_bytes=MAX_BYTES):
        entry = sentences.take(number, line)
        if entry is not None:
            yield entry
    sentences.finish(locale)
    if is_empty and not sentences.accepted:
        message = "has no line that can be used. Write sentences below a # SECTION, "
        message += "each after a -."
        raise reporter.unusable("nothing_usable", message)


@dataclass
class _Outline:
    """The first reading: everything but the sentences."""

    reporter: Reporter
    locale: str
    block: Block | None = None  # None in a section, and until there is any
    in_section: bool = False
    comments: Tally = field(default_factory=Tally)  # after `>`

    def __post_init__(self) -> None:
        self.definitions = Definitions(
            self.reporter,
            has_lists=supports_lists(self.locale),
            has_phones=self.locale in PHONE_LOCALES,
            language=language_of(self.locale),
        )

    def take(self, number: int, row: str) -> Entry | None:
        text = row.strip()
        if not text or text.startswith("//"):
            return None
        mark = text[0]
        if mark in _BULLETS:
            return self._bullet(number, text, row)
        if mark == "@":
            self.block = self.definitions.open(number, row)
            self.in_section = False
        elif mark == "#":
            self.block, self.in_section = None, True
            self._check_section(number, text, row)
        elif mark == ">":
            self.comments.add(number)
        else:
            advice = "begin an item or a sentence with a -, a comment with //"
            problem = Problem("no_bullet", "begins with none of - @ # //", advice)
            Bullet(number, text, row).refuse(self.reporter, problem)
        return None

    def finish(self) -> None:
        self.definitions.finish()
        if self.comments.count:
            message = "lines that begin with > are comments "
            message += f"(such lines in all: {self.comments.count:,})"
            self.reporter.add("note", self.comments.first, "comments", message)

    def _bullet(self, number: int, text: str, row: str) -> Entry | None:
        if self.in_section:
            return None  # a sentence: its turn is later
        bullet = Bullet(number, text[1:].lstrip().replace("\t", " "), row)
        if self.block is not None:
            return self.block.take(bullet)
        message = "stands above the first directive or section"
        advice = "write # and the name of a section above the sentences"
        bullet.refuse(self.reporter, Problem("no_section", message, advice))
        return None

    def _check_section(self, number: int, text: str, row: str) -> None:
        name = text.lstrip("#").strip()
        used = _section(text)
        if name == used:
            return
        message = "the name of a section has 1 to 100 letters, digits and underscores; "
        message += f"its sentences are used in the section {used}"
        pairs = enumerate(zip(name, used, strict=False))
        end = min(len(name), len(used))
        offset = next((i for i, (a, b) in pairs if a != b), end)
        problem = Problem("section_name", message, f"write # {used}", offset)
        Bullet(number, name, row).refuse(self.reporter, problem)


@dataclass
class _Sentences:
    """The second reading: the sentences, when all lists are known."""

    reporter: Reporter
    definitions: Definitions
    section: str = ""  # none below a directive
    in_list: bool = False
    accepted: int = 0
    ignored: int = 0  # sentences with a reference where there are none

    def __post_init__(self) -> None:
        self.unseen = set(self.definitions.lexicon.words)

    def take(self, number: int, row: str) -> Entry | None:
        text = row.strip()
        if not text:
            return None
        if text[0] not in _BULLETS:
            if text[0] == "@":
                self.section, self.in_list = "", list_header(text) is not None
            elif text[0] == "#":
                self.section, self.in_list = f"sentence {_section(text)}", False
            return None
        sentence = text[1:].lstrip().replace("\t", " ")
        if self.in_list:
            self._see(sentence)
        if not self.section:
            return None
        if not self.definitions.has_lists and _REFERENCE.search(sentence):
            self.ignored += 1
            return None
        problem = self._problem(sentence)
        if problem is not None:
            Bullet(number, sentence, row).refuse(self.reporter, problem)
            return None
        self.accepted += 1
        return Entry(self.section, number, sentence)

    def finish(self, locale: str) -> None:
        self._finish_ignored(locale)
        defined = self.definitions
        for each in defined.lists.values():
            if not each.is_used:
                message = f"no sentence refers to the list {each.name}"
                advice = f"write {{@{each.name}}} in a sentence"
                self.reporter.add("note", each.line, "unused_list", message, advice)
        for word in defined.lexicon.words.values():
            if key(word.text) in self.unseen:
                message = f"{shown(word.text)} is in no list and no sentence, so its "
                message += "pronunciation has no effect"
                line = min(word.phones.values())
                self.reporter.add("note", line, "unused_word", message)
        if not self.accepted and (defined.lists or defined.lexicon.words):
            message = "has no sentence that can be used; lists and pronunciations "
            message += "have an effect only through sentences"
            advice = "write sentences below a # SECTION, each after a -"
            self.reporter.add("warning", None, "no_sentences", message, advice)

    def _finish_ignored(self, locale: str) -> None:
        lines, entries = self.definitions.ignored, self.definitions.ignored_phones
        if self.ignored or lines.count:
            message = f"lists are not supported in {locale}; used as plain text: "
            message += f"sentences without a reference ({self.accepted:,}); ignored: "
            message += f"sentences with a reference ({self.ignored:,}), items of lists "
            message += f"and lexicon ({lines.count:,})"
            advice = "write whole sentences instead of references"
            self.reporter.add("warning", None, "locale_lists", message, advice)
        if entries.count:
            message = f"the phonetic lexicon is ignored in {locale}, for which there "
            message += f"is no phone set (entries in all: {entries.count:,})"
            self.reporter.add("warning", entries.first, "locale_phones", message)

    def _problem(self, sentence: str) -> Problem | None:
        """Why a sentence cannot be used; what it refers to counts as used."""
        rest = sentence
        names: list[re.Match[str]] = []
        if "{" in sentence or "}" in sentence:
            names = list(_REFERENCE.finditer(sentence))
            rest = _REFERENCE.sub(lambda match: " " * len(match[0]), sentence)
            if "{" in rest or "}" in rest:
                return _brace_problem(rest)
        problem = next(filter(None, map(self._reference_problem, names)), None)
        problem = problem or self._text_problem(sentence, names)
        if problem is not None:
            return problem
        if not names and not any(map(str.isalnum, rest)):
            message, advice = "has no word", "write a sentence, or remove the line"
            return Problem("empty_sentence", message, advice)
        self._see(rest)
        return None

    def _text_problem(
        self, sentence: str, names: list[re.Match[str]]
    ) -> Problem | None:
        """Each part between references is judged alone: `{@digit} {@digit} ...` may
        be said as often as one likes."""
        start = 0
        for end, after in (*(match.span() for match in names), (len(sentence),) * 2):
            problem = problem_of(sentence[start:end], self.definitions.language, start)
            if problem is not None:
                return problem
            start = after
        return None

    def _reference_problem(self, match: re.Match[str]) -> Problem | None:
        name = match[1].strip()
        if not name:
            message, advice = "the reference has no name", "write {@NAME} of a list"
            return Problem("empty_reference", message, advice, match.start())
        known = self.definitions.lists.get(key(name))
        if known is not None:
            known.is_used = True
            return None
        line = self.definitions.refused.get(key(name))
        if line is not None:
            message = f"refers to the list {shown(name)} of line {line}, which is not "
            return Problem(
                "unknown_list", f"{message}used", f"mend line {line}", match.start()
            )
        message = f"there is no list {shown(name)}"
        advice = f"define it with @ list {shown(name)} ="
        return Problem("unknown_list", message, advice, match.start())

    def _see(self, text: str) -> None:
        """Tick off the words of the lexicon that occur in this text."""
        if not self.unseen:
            return
        text = key(text)
        words = text.split()
        self.unseen.difference_update(words)
        if _MARK.search(text):  # such as "cats", or cat's
            self.unseen.difference_update(_WORD.findall(text))
            self.unseen.difference_update(word.strip(_MARKS) for word in words)


def _section(text: str) -> str:
    """The name of a section, made one that is allowed.

    >>> _section("# Training_1"), _section("## my data-2"), _section("#")
    ('Training_1', 'my_data_2', '_')
    """
    name = text.lstrip("#").strip()
    if len(name) <= MAX_NAME_CHARACTERS and _WORD.fullmatch(name):
        return name
    # Letters as they are written may have marks, which \w does not know.
    kept = (
        c if c == "_" or unicodedata.category(c)[0] in "LMN" else "_"
        for c in name[:MAX_NAME_CHARACTERS]
    )
    return "".join(kept) or "_"


def _brace_problem(rest: str) -> Problem:
    """About the first brace that is not part of a reference.

    >>> _brace_problem("my {@pet")[:2]
    ('unclosed_reference', 'the reference is not closed')
    """
    offset = next(i for i, character in enumerate(rest) if character in "{}")
    if rest[offset] == "}":
        message = "closes a reference that does not begin"
        return Problem("brace", message, "write {@NAME}, or leave it out", offset)
    if rest[offset + 1 :].lstrip().startswith("@"):
        message, advice = "the reference is not closed", "write {@NAME}"
        return Problem("unclosed_reference", message, advice, offset)
    message, advice = "a reference begins with {@", "write {@NAME}, or no braces"
    return Problem("brace", message, advice, offset)
