"""Labels of an utterance besides its text: who speaks, into what, with what accent.

They come from further columns of the transcript or from a manifest, and are kept
for slicing results. A label is a name of lower case letters, digits and `_` with a
value of at most 200 characters; an utterance has at most 20, and a file at most 100
different names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from datasets.formats.text import Reporter, Tally

MAX_LABELS = 20
MAX_NAMES = 100  # of one file: its page lists and filters by each
MAX_VALUE_CHARACTERS = 200
MAX_NAME_CHARACTERS = 50

# The titles by which a column is known, cleaned as `label_name` does it.
FILE_TITLES = frozenset(
    {"file", "filename", "file_name", "audio", "name", "path", "audio_filepath"}
)
TEXT_TITLES = frozenset({"text", "transcript", "transcription", "sentence"})
START_TITLES = frozenset({"offset", "start"})
SECONDS_TITLES = frozenset({"duration"})
_SPEAKERS = frozenset({"speaker", "speaker_id", "spk", "client_id"})


@dataclass(frozen=True)
class Columns:
    """What the cells of a row are; -1 where there is no such column."""

    file: int
    text: int
    start: int = -1  # seconds in the recording
    seconds: int = -1
    names: tuple[str, ...] = ()  # of the labels; empty for what is none

    def label(self, index: int) -> str:
        """The label in a column. Without titles the third column is the speaker,
        and those after it are `label2`, `label3` and so on."""
        if self.names:
            return self.names[index] if index < len(self.names) else ""
        if index < 2:
            return ""
        return "speaker" if index == 2 else f"label{index - 1}"


@dataclass
class Labeller:
    """Makes labels of cells, and remembers what to say once at the end."""

    reporter: Reporter
    too_many: Tally = field(default_factory=Tally)
    too_long: Tally = field(default_factory=Tally)
    names: set[str] = field(default_factory=set)
    too_many_names: Tally = field(default_factory=Tally)

    def labels(self, line: int, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
        """The labels of a line, from names that are clean and values as they came;
        what is empty is left out."""
        found: dict[str, str] = {}
        is_new = False  # one of its names, where there are enough
        for name, value in pairs:
            value = value.strip()
            if not name or not value or name in found:
                continue
            if len(found) == MAX_LABELS:
                self.too_many.add(line)
                break
            if name not in self.names and len(self.names) == MAX_NAMES:
                is_new = True
                continue
            self.names.add(name)
            if len(value) > MAX_VALUE_CHARACTERS:
                self.too_long.add(line)
                value = value[:MAX_VALUE_CHARACTERS]
            found[name] = value
        if is_new:
            self.too_many_names.add(line)
        return found

    def finish(self) -> None:
        if self.too_many.count:
            message = f"has more than {MAX_LABELS} labels; the others are not kept "
            message += f"(such lines in all: {self.too_many.count:,})"
            self.reporter.add("warning", self.too_many.first, "many_labels", message)
        if self.too_many_names.count:
            message = f"the file has more than {MAX_NAMES} different labels; the "
            message += "others are not kept "
            message += f"(such lines in all: {self.too_many_names.count:,})"
            first = self.too_many_names.first
            self.reporter.add("warning", first, "many_names", message)
        if self.too_long.count:
            message = f"has a label of more than {MAX_VALUE_CHARACTERS} characters, "
            message += f"which was cut (such lines in all: {self.too_long.count:,})"
            self.reporter.add("warning", self.too_long.first, "long_label", message)


def label_name(title: str) -> str:
    """What a label is called.

    >>> label_name(" Device (type) "), label_name("Sprecher-Größe"), label_name("-")
    ('device_type', 'sprecher_größe', '')
    >>> label_name("spk")
    'speaker'
    """
    name = re.sub(r"\W+", "_", title.lower()).strip("_")[:MAX_NAME_CHARACTERS]
    return "speaker" if name in _SPEAKERS else name


def columns(titles: Iterable[str]) -> Columns | None:
    """What a header says, or None when no column of it names the audio file.

    >>> columns(["Audio", "Speaker", "Text"])
    Columns(file=0, text=2, start=-1, seconds=-1, names=('', 'speaker', ''))
    """
    names = [label_name(title) for title in titles]

    def find(wanted: frozenset[str]) -> int:
        return next((i for i, name in enumerate(names) if name in wanted), -1)

    places = [find(FILE_TITLES), find(TEXT_TITLES), find(START_TITLES)]
    if places[0] < 0:
        return None
    # A duration alone says how long the file is; with a start it is a part of it.
    places.append(find(SECONDS_TITLES))
    rest = ("" if i in places else name for i, name in enumerate(names))
    return Columns(places[0], places[1], places[2], places[3], tuple(rest))


def header(
    cells: list[str], is_audio: Callable[[str], bool] = lambda name: False
) -> Columns | None:
    """What the first line of a transcript says when it holds titles: its first cell
    is a title of the file column, and no audio file is called so."""
    if label_name(cells[0]) not in FILE_TITLES or is_audio(cells[0].strip()):
        return None
    found = columns(cells)
    if found is None or found.text >= 0 or len(cells) < 2:
        return found
    names = tuple("" if i == 1 else name for i, name in enumerate(found.names))
    return Columns(found.file, 1, found.start, found.seconds, names)
