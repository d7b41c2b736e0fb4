"""What an address may ask of the utterances of a test: a mask for each question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from django.http import QueryDict

from evaluations.analysis.flags import WORDS, flagged
from evaluations.columns import MEASURES, Columns, Floats
from evaluations.levels import Scored
from evaluations.review.verdicts import with_comments, with_verdict
from scoring.confusions import confused
from scoring.table import DELETION, INSERTION, SUBSTITUTION, Mask, Table
from scoring.terms import holding_term

KINDS = {
    "substitution": SUBSTITUTION,
    "deletion": DELETION,
    "insertion": INSERTION,
}
VERDICTS = {
    "model": "the model is wrong",
    "reference": "the reference is wrong",
    "fine": "both are fine",
    "unclear": "it is unclear",
    "any": "there is a verdict",
    "none": "there is no verdict yet",
}
_MEASURES = {one.name: one for one in MEASURES}

_MOST = 1000  # characters of an answer; a label and its name have 250


@dataclass(frozen=True, eq=False)
class Asked:
    """An address's query, and what it is about."""

    query: QueryDict
    shown: Scored
    columns: Columns
    tables: list[Table]  # of each model all that it has heard

    def get(self, name: str) -> str:
        return self.query.get(name, "").replace("\0", "").strip()[:_MOST]

    def index(self, name: str) -> int | None:
        """Of the model whose position the query names."""
        wanted = self.get(name)
        for index, model in enumerate(self.shown.models):
            if str(model.position) == wanted:
                return index
        return None

    def number(self, name: str) -> float | None:
        return _number(self.get(name))

    @property
    def model(self) -> int:
        """The model that rates and confidences are of: that of the address, or the
        last."""
        index = self.index("model")
        return len(self.tables) - 1 if index is None else index

    @property
    def about(self) -> list[Table]:
        """The tables of the one model that is named, or of all."""
        index = self.index("model")
        return self.tables if index is None else [self.tables[index]]

    def name_of(self, index: int) -> str:
        return str(self.shown.models[index])

    def any_of(self, mask_of: Callable[[Table], Mask]) -> Mask:
        found: Mask = np.logical_or.reduce([mask_of(table) for table in self.about])
        return found


Found = tuple[Mask, str] | None


def _only(asked: Asked) -> Found:
    only = asked.get("only")
    if only == "errors":
        return asked.any_of(lambda t: t.failed | (t.errors > 0)), "with errors"
    if only == "failed":
        return asked.any_of(lambda t: t.failed), "without a transcript"
    if only == "flagged":
        indexes = range(len(asked.tables))
        named = asked.index("model")
        about = indexes if named is None else [named]
        kind = asked.get("flag")
        found = [flagged(asked.shown, index, kind) for index in about]
        words = f"flagged: {WORDS.get(kind, 'may be made up')}"
        return np.logical_or.reduce(found), words
    return None


def _search(asked: Asked) -> Found:
    text = asked.get("q")
    if not text:
        return None
    mask = np.ones(len(asked.columns), dtype=bool)
    for part in text.split():
        mask &= _with_part(asked, part)
    return mask, f"with “{text}”"


def _with_part(asked: Asked, part: str) -> Mask:
    """Where the name of the file or a word holds this part, or it is said otherwise,
    as a number is."""
    folded = part.casefold()
    mask = np.array([folded in name for name in asked.columns.folded_names], dtype=bool)
    words = asked.shown.scale.words(part)
    for table in asked.tables:
        mask |= table.holding(folded, "part")
        if words != [folded]:
            mask |= holding_term(table, words)
    return mask


def _kind(asked: Asked) -> Found:
    kind = asked.get("kind")
    if kind not in KINDS:
        return None
    return asked.any_of(lambda t: t.having(KINDS[kind])), f"with {kind}s"


def _recurring(asked: Asked) -> Found:
    """One error of one model that recurs."""
    kind = asked.get("error")
    if kind not in KINDS:
        return None
    said, heard = asked.get("said") or None, asked.get("heard") or None
    mask = confused(asked.tables[asked.model], KINDS[kind], said, heard)
    told = {
        "substitution": f"heard “{heard or ''}” for “{said or ''}”",
        "deletion": f"missed “{said or ''}”",
        "insertion": f"put in “{heard or ''}”",
    }
    return mask, f"where {asked.name_of(asked.model)} {told[kind]}"


def _only_one_right(asked: Asked) -> Found:
    right, wrong = asked.index("right"), asked.index("wrong")
    if right is None or wrong is None:
        return None
    good, bad = asked.tables[right], asked.tables[wrong]
    mask = ~good.failed & (good.errors == 0) & (bad.failed | (bad.errors > 0))
    names = asked.name_of(right), asked.name_of(wrong)
    return mask, f"where {names[0]} is right and {names[1]} wrong"


def _word(asked: Asked) -> Found:
    word = asked.get("word")
    if not word:
        return None
    return asked.any_of(lambda t: t.holding(word)), f"with the word “{word}”"


def _term(asked: Asked) -> Found:
    term = asked.get("term")
    words = asked.shown.scale.words(term)
    if not words:
        return None
    return asked.any_of(lambda t: holding_term(t, words)), f"with the term “{term}”"


def _rate(asked: Asked) -> Found:
    low, high = asked.number("wer_min"), asked.number("wer_max")
    if low is None and high is None:
        return None
    rates = 100 * asked.tables[asked.model].rates()
    name = asked.shown.scale.rate_name
    return _within(rates, low, high), f"{_range(low, high)} {name} of {_named(asked)}"


def _confidence(asked: Asked) -> Found:
    """By the word that a model is least sure of: a mark is on those below a limit."""
    low, high = asked.number("conf_min"), asked.number("conf_max")
    if low is None and high is None:
        return None
    sure = 100 * asked.tables[asked.model].lowest_confidences()
    words = f"least sure word of {_named(asked)}: {_limits(low, high)} %"
    return _band(sure, low, high), words


def _slice(asked: Asked) -> Found:
    name, colon, value = asked.get("slice").partition(":")
    columns = asked.columns
    if not colon:
        return None
    if name in columns.labels:
        mask = np.array([one == value for one in columns.labels[name]], dtype=bool)
        return mask, f"{name.replace('_', ' ')}: {value or 'unknown'}"
    if name not in _MEASURES or ".." not in value:
        return None
    one = _MEASURES[name]
    low, high = map(_number, value.split("..", 1))
    words = f"{one.title.lower()}: {_limits(low, high)} {one.unit}"
    return _band(one.values(columns), low, high), words


def _verdict(asked: Asked) -> Found:
    choice = asked.get("verdict")
    if choice not in VERDICTS:
        return None
    evaluation = asked.shown.evaluation
    if choice == "none":
        mask = ~with_verdict(evaluation, "any")
    else:
        mask = with_verdict(evaluation, choice)
    return mask, f"where {VERDICTS[choice]}"


def _comments(asked: Asked) -> Found:
    if not asked.get("comments"):
        return None
    return with_comments(asked.shown.evaluation), "with comments"


def _named(asked: Asked) -> str:
    return asked.name_of(asked.model)


def _within(values: Floats, low: float | None, high: float | None) -> Mask:
    """Both ends included; what is not known is not within."""
    mask = np.isfinite(values)
    if low is not None:
        mask &= values >= low
    if high is not None:
        mask &= values <= high
    return mask


def _band(values: Floats, low: float | None, high: float | None) -> Mask:
    """As `scoring.slices` has it: the upper end excluded."""
    mask = _within(values, low, None)
    return mask if high is None else mask & (values < high)


def _range(low: float | None, high: float | None) -> str:
    if low is None:
        return f"at most {high:g} %"
    return f"at least {low:g} %" if high is None else f"{low:g} to {high:g} %"


def _limits(low: float | None, high: float | None) -> str:
    if low is None:
        return "all" if high is None else f"below {high:g}"
    return f"from {low:g}" if high is None else f"{low:g} to {high:g}"


def _number(text: str) -> float | None:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return value if np.isfinite(value) else None


# By the names in the query that go when the filter is taken back.
FILTERS: dict[tuple[str, ...], Callable[[Asked], Found]] = {
    ("q",): _search,
    ("only", "flag"): _only,
    ("kind",): _kind,
    ("error", "said", "heard"): _recurring,
    ("right", "wrong"): _only_one_right,
    ("word",): _word,
    ("term",): _term,
    ("wer_min", "wer_max"): _rate,
    ("conf_min", "conf_max"): _confidence,
    ("slice",): _slice,
    ("verdict",): _verdict,
    ("comments",): _comments,
}
