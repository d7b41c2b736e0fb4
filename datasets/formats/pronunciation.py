"""Pronunciation: how unusual words are spoken (`Pronunciation`).

One .txt file, not packed, of at most 1 MB, with one pair on each line:

    3CPO<TAB>three c p o
    IEEE<TAB>i triple e

The display form is what shall be written; it may hold digits and symbols. The
spoken form is made of letters, words and syllables with spaces between; hyphens
and apostrophes may stand in them. Digits and other symbols are refused there, and
so are letters of another script than Latin when the language is written in it.

UTF-8 with a byte order mark; English may come in the code page of Windows as well
(`datasets.formats.text` says what else is read). Spaces around both forms are
left out. A display form may have two spoken forms, as in a phonetic lexicon; a
third one is refused. Display forms that differ in case are different ones. A
repeated pair counts once, with a warning. Common words should not be altered: a
pair that does gets a warning.

Reference:
https://learn.microsoft.com/azure/ai-services/speech-service/how-to-custom-speech-test-and-train
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from datasets.formats.base import Entry, Findings, shown
from datasets.formats.text import (
    Reporter,
    Tally,
    check_suffix,
    read_lines,
)
from scoring.locale import language_of

MAX_BYTES = 2**20
MAX_CHARACTERS = 1_000  # of a line
MAX_SPOKEN_FORMS = 2  # of one display form

_SEPARATORS = {",": "a comma", ";": "a semicolon", "|": "a bar", ":": "a colon"}
_JOINTS = frozenset("'-\u2019\u2010\u2011")
_NOT_LATIN = """am ar as be bg bn bo dv el fa gu he hi hy iu ja ka kk km kn ko ky lo mk
ml mn mr my ne or pa ps ru sa sd si sr ta te tg th ti uk ur wuu yi yue zh"""
_OTHER_SCRIPTS = frozenset(_NOT_LATIN.split())  # by language
_COMMON = {
    "de": "aber als am an auch auf aus bei bin bis da das dass dem den der des die "
    "durch ein eine einen er es für gut haben hat hier ich ihr im in ist ja kann "
    "mein mich mit nach nicht noch nur oder sein sich sie sind so über um und uns "
    "von war was wenn wer wie wir wird wo zu zum zur",
    "en": "a about after all also am an and any are as at back be because been but "
    "by call can come could day do even first for from get give go good had has have "
    "he hello her here him his how i if in into is it its just know like look make "
    "many me more most my new no not now of on one only or other our out over people "
    "please say see she so some take than thank that the their them then there these "
    "they think this time to two up us use want was way we well were what when which "
    "who will with work would year yes you your",
    "es": "a al como con de del el ella en es esta este hay la las le lo los me mi "
    "muy más no nos o para pero por porque que se si sin su sí también te tu un una "
    "y ya yo",
    "fr": "à au aux avec bien ce ces cette dans de des du elle en est et il ils je "
    "la le les leur lui ma mais me moi mon ne non nous on ou où oui par pas plus pour "
    "qu que qui sa se si son sur ta tu un une vous y",
    "it": "a al anche che chi ci come con da del della di e gli ha ho i il in io la "
    "le lo ma mi molto no noi non o per più questo se si sono su sì ti tu un una",
    "pt": "a ao as com como da de do e ela ele em era eu foi isso mais mas me meu "
    "muito na no nos não o os ou para pela por que se sem ser seu sim sua também te "
    "um uma você",
}
_COMMON_WORDS = {name: frozenset(words.split()) for name, words in _COMMON.items()}


def read(
    path: Path, locale: str, findings: Findings, *, name: str = ""
) -> Iterator[Entry]:
    """The pairs, in the section "pronunciation": `text` is the display form,
    `other` the spoken one.

    Raises FormatError with the code `pronunciation.extension`, `.empty`,
    `.too_large`, `.not_text`, or at the end `.nothing_usable`.
    """
    reporter = Reporter(findings, shown(name or path.name), "pronunciation")
    check_suffix(name or path.name, reporter, (".txt",))
    pairs = _Pairs(reporter, language_of(locale))
    lines = read_lines(
        path,
        locale,
        reporter,
        max_bytes=MAX_BYTES,
        max_characters=MAX_CHARACTERS,
        legacy="note" if pairs.language == "en" else "warning",
    )
    for number, line in lines:
        entry = pairs.entry(number, line) if line.strip() else None
        if entry is not None:
            yield entry
    pairs.finish()


# Rule, message, advice, and the character it is about, from 1 (None: the line).
_Problem = tuple[str, str, str, int | None]


@dataclass
class _Pairs:
    """What is known so far of the file being read."""

    reporter: Reporter
    language: str
    # Of each display form, composed: its spoken forms and their lines.
    spoken: dict[str, dict[str, int]] = field(default_factory=dict)
    spaces: Tally = field(default_factory=Tally)

    def entry(self, number: int, line: str) -> Entry | None:
        """The pair of a line that is not blank; None when it is not used."""
        problem = _layout_problem(line) or _spoken_problem(line, self.language)
        if problem is not None:
            self._refuse(number, line, problem)
            return None
        left, right = line.split("\t")[:2]
        display, spoken = left.strip(), " ".join(right.split())
        forms = self.spoken.setdefault(unicodedata.normalize("NFC", display), {})
        form = unicodedata.normalize("NFC", spoken).casefold()
        if form in forms:
            message = f"repeats line {forms[form]}; it counts once"
            self.reporter.add("warning", number, "repeated_pair", message)
            return None
        if len(forms) == MAX_SPOKEN_FORMS:
            self._refuse(number, line, _third(display, list(forms.values())))
            return None
        forms[form] = number
        if left != display or right != spoken:
            self.spaces.add(number)
        self._warn(number, display, spoken)
        return Entry("pronunciation", number, display, spoken)

    def finish(self) -> None:
        """The findings that are about the whole file."""
        if not any(self.spoken.values()):
            message = "has no line that can be used. Write a display form, a TAB and a "
            message += "spoken form on each line; the report says what is wrong."
            raise self.reporter.unusable("nothing_usable", message)
        if self.spaces.count:
            message = "has more spaces than it needs, which are left out "
            message += f"(such lines in all: {self.spaces.count:,})"
            self.reporter.add("note", self.spaces.first, "spaces", message)

    def _warn(self, number: int, display: str, spoken: str) -> None:
        if display.casefold() == spoken.casefold():
            message = f"{shown(display)} is spoken as it is written"
            advice = "remove the line; it changes nothing"
            self.reporter.add("note", number, "no_change", message, advice)
        elif display in _COMMON_WORDS.get(self.language, ()):
            message = f"changes how the common word {shown(display)} is spoken"
            advice = "use this for unusual words only"
            self.reporter.add("warning", number, "common_word", message, advice)

    def _refuse(self, number: int, line: str, problem: _Problem) -> None:
        rule, message, advice, column = problem
        self.reporter.refuse(number, rule, message, advice, column=column, row=line)


def _layout_problem(line: str) -> _Problem | None:
    """What is wrong with the columns."""
    if "\t" not in line:
        return _without_tab(line)
    display, spoken, *more = line.split("\t")
    if not display.strip():
        advice = "begin each line with the form to be written"
        return "no_display", "there is no display form before the TAB", advice, None
    if not spoken.strip():
        advice = "write it as it is spoken, or remove the line"
        return "no_spoken", "there is no spoken form after the TAB", advice, None
    if any(part.strip() for part in more):
        message = "has more than two columns"
        advice = "write one display form, one TAB and one spoken form on each line"
        return "columns", message, advice, len(display) + len(spoken) + 2
    if "\ufffd" in line:
        message = "contains characters that were lost when the file was saved (\ufffd)"
        advice = "restore them and save the file as UTF-8"
        return "lost_characters", message, advice, line.index("\ufffd") + 1
    return None


def _without_tab(line: str) -> _Problem:
    text = line.strip()
    message = "there is no TAB between the display form and the spoken form"
    mark = next((c for c in text if c in _SEPARATORS), "")
    if mark or " " in text:
        message = f"there is {_SEPARATORS.get(mark, 'a space')} instead of a TAB "
        message += "between the display form and the spoken form"
    return "no_tab", message, "separate them with one TAB character", None


def _spoken_problem(line: str, language: str) -> _Problem | None:
    """The first character of the spoken form that cannot be spoken."""
    start = line.index("\t") + 1
    spoken = line[start:].partition("\t")[0]
    latin = language not in _OTHER_SCRIPTS
    for column, character in enumerate(spoken, start + 1):
        category = unicodedata.category(character)
        if category[0] == "N":
            message = f"the spoken form has the digit {character}"
            advice = "write it as it is spoken, such as three for 3"
            return "digit", message, advice, column
        if category[0] in "MZ" or category == "Cf" or character in _JOINTS:
            continue
        name = unicodedata.name(character, "a character without a name")
        if category[0] != "L":
            message = f"the spoken form has {shown(character)} "
            message += f"(U+{ord(character):04X}, {name.lower()})"
            advice = "write letters, words and syllables with spaces between them"
            return "symbol", message, advice, column
        if latin and not name.startswith(("LATIN", "MODIFIER LETTER", "FULLWIDTH L")):
            message = f"the spoken form has a letter of another script: {character} "
            message += f"(U+{ord(character):04X}, {name.lower()})"
            return "script", message, "write it in the letters of the language", column
    if not any(character.isalpha() for character in spoken):
        message = "the spoken form has no letter"
        return "no_spoken", message, "write it as it is spoken", start + 1
    return None


def _third(display: str, lines: list[int]) -> _Problem:
    places = " and ".join(str(line) for line in lines)
    message = f"{shown(display)} already has {MAX_SPOKEN_FORMS} spoken forms, on lines "
    message += places
    return "too_many_spoken", message, "keep the two most usual ones", None
