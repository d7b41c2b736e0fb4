"""How often each word of a test was heard rightly: by one model, or by two."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from evaluations.analysis.kept import Kept
from evaluations.levels import Scored
from evaluations.models import Candidate
from projects.requests import Request
from scoring.confusions import Words, word_accuracy
from scoring.table import Mask

Numbers = npt.NDArray[np.int64]

_kept = Kept[Words](most=8)
STEPS = 101  # from 0 % to 100 %


@dataclass(frozen=True, eq=False)
class Pair:
    """The words of a test by two of its models, of which `old` is compared with.

    A test of one model has it twice. The arrays have an item for each word, the most
    frequent word first: how often it is said, and heard rightly.
    """

    old: Candidate
    new: Candidate
    texts: Sequence[str]
    said: Numbers
    old_right: Numbers
    new_right: Numbers

    @property
    def is_one(self) -> bool:
        return self.old == self.new

    @cached_property
    def gained(self) -> Numbers:
        """How often more it was heard rightly by the new model."""
        return self.new_right - self.old_right

    @cached_property
    def places(self) -> Numbers:
        """Words of one number are at one place of a picture: `STEPS * old + new`, in
        percent."""
        old, new = (
            np.rint(100 * n / self.said) for n in (self.old_right, self.new_right)
        )
        places: Numbers = (STEPS * old + new).astype(np.int64)
        return places


@dataclass(frozen=True)
class Row:
    """A word in the table of the page."""

    text: str
    said: int
    old_right: int
    new_right: int

    @property
    def missed(self) -> int:
        return self.said - self.new_right

    @property
    def gained(self) -> int:
        return self.new_right - self.old_right

    @property
    def old_rate(self) -> float:
        return self.old_right / self.said

    @property
    def new_rate(self) -> float:
        return self.new_right / self.said

    @property
    def points(self) -> str:
        """By how many points of percent the new model is better.

        >>> Row("so", 4, 3, 2).points
        '-25.0'
        """
        return f"{100 * self.gained / self.said:+.1f}"


def pair_of(request: Request, shown: Scored) -> Pair:
    """The two models that the address asks for, as `a` and `b`: or the last one, and
    its base model or the first. `shown` has tables."""
    new = _asked(request, shown, "b") or shown.models[-1]
    bases = (m for m in shown.models if m.model_id == new.model.base_id)
    old = _asked(request, shown, "a") or next(bases, shown.models[0])
    names = tuple(model.table for model in shown.models)
    words = _kept.get(names, lambda: word_accuracy(shown.tables))
    old_right, new_right = (words.right[shown.models.index(m)] for m in (old, new))
    return Pair(old, new, words.texts, words.said, old_right, new_right)


def place_of(text: str) -> tuple[int, int] | None:
    """The place that an address names: "50.75" is half of the words by the old model,
    three quarters by the new one.

    >>> place_of("50.75"), place_of("no.no"), place_of("1.200")
    ((50, 75), None, None)
    """
    old, _, new = text.partition(".")
    shares = [int(n) for n in (old, new) if n.isascii() and n.isdigit() and len(n) < 4]
    if len(shares) < 2 or max(shares) >= STEPS:
        return None
    return shares[0], shares[1]


def chosen(
    pair: Pair, least: int, search: str = "", place: tuple[int, int] | None = None
) -> Mask:
    """The words said so often, with this part, at this place of the picture."""
    mask: Mask = pair.said >= least
    if search:
        part = search.casefold()
        mask &= np.array([part in text.casefold() for text in pair.texts], dtype=bool)
    if place is not None:
        mask &= pair.places == STEPS * place[0] + place[1]
    return mask


def ordered(pair: Pair, mask: Mask, sort: str) -> Numbers:
    """The numbers of these words by `-said`, `word`, `difference` and so on; what is
    equal stays in the order of its frequency."""
    keys = _KEYS[sort.removeprefix("-")](pair)
    numbers = np.flatnonzero(mask)
    sign = -1 if sort.startswith("-") else 1
    # The last key is the first that counts.
    order = np.lexsort([sign * key[numbers] for key in reversed(keys)])
    found: Numbers = numbers[order]
    return found


def rows(pair: Pair, numbers: Iterable[int]) -> list[Row]:
    return [
        Row(
            pair.texts[number],
            int(pair.said[number]),
            int(pair.old_right[number]),
            int(pair.new_right[number]),
        )
        for number in numbers
    ]


def _asked(request: Request, shown: Scored, name: str) -> Candidate | None:
    wanted = request.GET.get(name)
    return next((m for m in shown.models if str(m.position) == wanted), None)


def _alphabetic(pair: Pair) -> Numbers:
    order = sorted(range(len(pair.texts)), key=pair.texts.__getitem__)
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(len(order))
    return ranks


_Keys = list[npt.NDArray[np.float64] | Numbers]
_KEYS: dict[str, Callable[[Pair], _Keys]] = {
    "word": lambda pair: [_alphabetic(pair)],
    "said": lambda pair: [pair.said],
    "a": lambda pair: [pair.old_right / pair.said],
    "b": lambda pair: [pair.new_right / pair.said],
    "missed": lambda pair: [pair.said - pair.new_right],
    # Of as many words lost, the rarer word lost more of its own.
    "difference": lambda pair: [pair.gained, pair.gained / pair.said],
}
SORTS = tuple(_KEYS)
