"""What a structured text defines: its lists and its phonetic lexicon.

    @ list pet =
    - cat
    - hot dog
    @ speech:phoneticlexicon
    - cat/k ae t

A list has a name and items, one a line; sentences refer to it by its name.
The lexicon says how words are pronounced wherever they occur in the lists and
sentences, in the phones of `datasets/formats/phones.py`.

Limits: 20 lists, 35,000 items each; 15,000 entries of the lexicon, two
pronunciations a word. The advice elsewhere of 10 lists and 4,000 items is about
what helps, not about what is taken. Names, items and words are the same when
they differ only by case. What is repeated counts once, with a warning.

The lists of the .lu format, of which this is a part, may give synonyms, as lines
below an item that ends with a colon. Here item and synonyms are items alike.

Reference:
https://learn.microsoft.com/azure/ai-services/speech-service/how-to-custom-speech-test-and-train
https://learn.microsoft.com/azure/bot-service/file-format/bot-builder-lu-file-format
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from datasets.formats import phones, sentences
from datasets.formats.base import Entry, key, shown
from datasets.formats.text import Reporter, Tally

MAX_LISTS = 20
MAX_ITEMS = 35_000
MAX_ENTRIES = 15_000
MAX_PRONUNCIATIONS = 2
MAX_NAME_CHARACTERS = 100
MAX_ITEM_CHARACTERS = 500  # of an item or an entry of the lexicon

LIST = "@ list NAME ="
LEXICON = "@ speech:phoneticlexicon"
_MAX_REFUSED = 1_000  # names of lists that are not used, remembered for messages


class Problem(NamedTuple):
    """Why a line cannot be used."""

    rule: str
    message: str
    advice: str
    offset: int = 0  # characters before the place, in the text of the bullet


class Bullet(NamedTuple):
    """A line that begins with `-`, `+` or `*`."""

    line: int
    text: str  # without the bullet and outer spaces
    row: str  # the line as it came

    def refuse(self, reporter: Reporter, problem: Problem) -> None:
        start = len(self.row.rstrip()) - len(self.text)
        reporter.refuse(
            self.line,
            problem.rule,
            problem.message,
            problem.advice,
            column=start + problem.offset + 1,
            row=self.row,
        )


def problem_of(text: str, language: str, offset: int = 0) -> Problem | None:
    """What an item or a part of a sentence cannot have, as in plain text."""
    found = sentences.problem(text, language)
    if found is None:
        return None
    column, rule, message, advice = found
    return Problem(rule, message, advice, offset + (column or 1) - 1)


class Block(Protocol):
    """A directive, and what becomes of the bullets below it."""

    def take(self, bullet: Bullet) -> Entry | None: ...


@dataclass
class Refused:
    """A directive that cannot be used, and nothing below it."""

    reporter: Reporter
    line: int

    def take(self, bullet: Bullet) -> None:
        message = f"stands below line {self.line}, which is not used"
        advice = f"mend line {self.line}"
        bullet.refuse(self.reporter, Problem("below_refused", message, advice))


@dataclass
class Ignored:
    """A directive that means nothing in this locale."""

    lines: Tally

    def take(self, bullet: Bullet) -> None:
        self.lines.add(bullet.line)


@dataclass
class ItemList:
    """A list that sentences may refer to."""

    reporter: Reporter
    name: str
    line: int
    row: str
    language: str
    synonyms: Tally
    # Where each item is, by its hash of 64 bits, as the letters of 700,000 items may
    # not fit in memory. Two items of a list share one in 1 of 30,000,000,000 lists.
    lines: dict[int, int] = field(default_factory=dict)
    is_used: bool = False

    def take(self, bullet: Bullet) -> Entry | None:
        if bullet.text.endswith(":"):
            self.synonyms.add(bullet.line)
        item = bullet.text.rstrip(": ")
        problem = self._problem(item)
        if problem is not None:
            return bullet.refuse(self.reporter, problem)
        item_hash = hash(key(item))
        first = self.lines.get(item_hash)
        if first is not None:
            message = f"repeats line {first} of the list {self.name}; it counts once"
            self.reporter.add("warning", bullet.line, "repeated_item", message)
            return None
        if len(self.lines) >= MAX_ITEMS:
            message = f"the list {self.name} has more than {MAX_ITEMS:,} items"
            advice = "make a second list, and sentences that refer to it"
            problem = Problem("too_many_items", message, advice)
            return bullet.refuse(self.reporter, problem)
        self.lines[item_hash] = bullet.line
        return Entry(f"list {self.name}", bullet.line, item)

    def _problem(self, item: str) -> Problem | None:
        if not any(map(str.isalnum, item)):
            return Problem("empty_item", "has no word", "write an item, or remove it")
        if len(item) > MAX_ITEM_CHARACTERS:
            message = f"the item is longer than {MAX_ITEM_CHARACTERS} characters"
            advice = "write one word or phrase a line"
            return Problem("long_item", message, advice, MAX_ITEM_CHARACTERS)
        for offset, character in enumerate(item):
            if character in "{}":
                message = "an item cannot have braces or refer to a list"
                return Problem("item_brace", message, "write plain words", offset)
        return problem_of(item, self.language)


@dataclass
class _Word:
    text: str
    phones: dict[str, int] = field(default_factory=dict)  # and the line of each


@dataclass
class Lexicon:
    """How words are pronounced."""

    reporter: Reporter
    words: dict[str, _Word] = field(default_factory=dict)  # by key
    size: int = 0

    def take(self, bullet: Bullet) -> Entry | None:
        problem = _entry_problem(bullet.text)
        if problem is not None:
            return bullet.refuse(self.reporter, problem)
        spelling, _, labels = bullet.text.rpartition("/")
        text, labels = spelling.strip(), " ".join(labels.upper().split())
        word = self.words.get(key(text), _Word(text))
        if labels in word.phones:
            message = f"repeats line {word.phones[labels]}; it counts once"
            self.reporter.add("warning", bullet.line, "repeated_entry", message)
            return None
        problem = self._limit(word)
        if problem is not None:
            return bullet.refuse(self.reporter, problem)
        word.phones[labels] = bullet.line
        self.words[key(text)] = word
        self.size += 1
        return Entry("lexicon", bullet.line, text, labels)

    def _limit(self, word: _Word) -> Problem | None:
        if len(word.phones) >= MAX_PRONUNCIATIONS:
            lines = " and ".join(str(line) for line in word.phones.values())
            message = f"{shown(word.text)} already has {MAX_PRONUNCIATIONS} "
            message += f"pronunciations, on lines {lines}"
            advice = "keep the two that are most frequent"
            return Problem("too_many_pronunciations", message, advice)
        if self.size >= MAX_ENTRIES:
            message = f"the lexicon has more than {MAX_ENTRIES:,} entries"
            advice = "keep the words that are recognised wrongly"
            return Problem("too_many_entries", message, advice)
        return None


@dataclass
class Definitions:
    """All that is defined in one file, and what is ignored of it."""

    reporter: Reporter
    has_lists: bool  # whether the locale has lists and references
    has_phones: bool  # whether it has a phone set
    language: str
    lists: dict[str, ItemList] = field(default_factory=dict)  # by key
    refused: dict[str, int] = field(default_factory=dict)  # by key: their lines
    synonyms: Tally = field(default_factory=Tally)
    ignored: Tally = field(default_factory=Tally)
    ignored_phones: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self.lexicon = Lexicon(self.reporter)

    def open(self, number: int, row: str) -> Block:
        """The block of a line that begins with `@`."""
        if not self.has_lists:
            return Ignored(self.ignored)
        text = row.strip()
        if "".join(text[1:].split()).casefold().rstrip("=") == "speech:phoneticlexicon":
            return self.lexicon if self.has_phones else Ignored(self.ignored_phones)
        named = list_header(text)
        header = Bullet(number, text if named is None else named, row)
        name = header.text.partition("=")[0].strip()
        problem = _UNKNOWN if named is None else self._list_problem(name, named)
        if problem is not None:
            header.refuse(self.reporter, problem)
            if named and len(self.refused) < _MAX_REFUSED:
                self.refused.setdefault(key(name), number)
            return Refused(self.reporter, number)
        made = ItemList(self.reporter, name, number, row, self.language, self.synonyms)
        self.lists[key(name)] = made
        return made

    def finish(self) -> None:
        """What can be said only after the last line."""
        for name, each in list(self.lists.items()):
            if not each.lines:
                message = f"the list {each.name} has no items that can be used"
                header = Bullet(each.line, each.row.strip(), each.row)
                advice = "write items below it, or remove it"
                header.refuse(self.reporter, Problem("empty_list", message, advice))
                self.refused[name] = self.lists.pop(name).line
        if self.synonyms.count:
            message = "items that end with a colon have synonyms below them; all of "
            message += f"these are items (such items in all: {self.synonyms.count:,})"
            self.reporter.add("note", self.synonyms.first, "synonyms", message)

    def _list_problem(self, name: str, text: str) -> Problem | None:
        if not any(map(str.isalnum, name)):
            return Problem("list_name", "the list has no name", f"write {LIST}")
        for offset, character in enumerate(name):
            if character in "{}@," or offset >= MAX_NAME_CHARACTERS:
                message = "the name of a list has up to 100 characters, and no braces, "
                return Problem("list_name", f"{message}@ or comma", "rename it", offset)
        items = text.partition("=")[2].strip()
        if items:
            offset = len(text) - len(items)
            message = "there is something after the name of the list"
            advice = "write each item on a line of its own, after a -"
            return Problem("after_list", message, advice, offset)
        if key(name) in self.lists:
            line = self.lists[key(name)].line
            message = f"there is a list {name} already, on line {line}"
            return Problem("duplicate_list", message, "rename it, or make them one")
        if len(self.lists) >= MAX_LISTS:
            message = f"there are more than {MAX_LISTS} lists"
            return Problem("too_many_lists", message, "make two of them one")
        return None


_UNKNOWN = Problem(
    "unknown_directive",
    "the directive after @ is not known",
    f"write {LIST} or {LEXICON}",
)


def list_header(text: str) -> str | None:
    """What follows `@ list` on a line without outer spaces; None on other lines.

    >>> list_header("@ list food ="), list_header("@LIST food="), list_header("@ ml x")
    ('food =', 'food=', None)
    """
    body = text[1:].lstrip()
    is_list = body[:4].lower() == "list" and not body[4:5].strip().strip("=")
    return body[4:].lstrip() if is_list else None


def _entry_problem(text: str) -> Problem | None:
    spelling, slash, labels = text.rpartition("/")
    advice = "write WORD/PHONES, such as cat/k ae t"
    if not slash:
        message = "there is no slash between the word and its phones"
        return Problem("no_slash", message, advice, len(text))
    word = spelling.strip()
    if not any(map(str.isalnum, word)):
        return Problem("no_word", "there is no word before the slash", advice)
    if len(text) > MAX_ITEM_CHARACTERS:
        message = f"the entry is longer than {MAX_ITEM_CHARACTERS} characters"
        return Problem("long_entry", message, advice, MAX_ITEM_CHARACTERS)
    if len(word.split()) > 1:
        message = "there is more than one word before the slash"
        advice = "write an entry for each word"
        return Problem("several_words", message, advice, len(word.split()[0]))
    start = len(spelling) + 1
    if not labels.strip():
        message = "there are no phones after the slash"
        return Problem("no_phones", message, advice, start)
    unknown = phones.check(labels)
    if unknown is None:
        return None
    message = f"{shown(unknown.label)} is not a phone of the Universal Phone Set"
    advice = phones.hint(labels, unknown)
    return Problem("unknown_phone", message, advice, start + unknown.offset)
