"""Sentences with lists in them, written out: `my {@pet} likes {@food}`.

All combinations may be more than anything can read: 35,000 items at two places are a
thousand million sentences. So of each sentence some are written, in which every item
of every list comes at least once; the rest of the places is filled by chance. All of
a sentence that has few combinations are written.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from random import Random

# How many sentences are made of each, as long as they are few; and of many.
MOST_OF_ONE = 1_000
LEAST_OF_ONE = 10
_WANTED = 20_000  # in all

# As in `datasets.formats.structured_text`; what is no reference was refused there.
_REFERENCE = re.compile(r"\{\s*@([^{}]*)\}")


def expand(
    templates: Iterable[str], lists: Mapping[str, Sequence[str]], seed: int
) -> Iterator[str]:
    """The sentences; the same for the same seed. `templates` is read twice.

    `lists` has the items by the casefolded name of the list. A template that refers
    to a list without items gives nothing.

    >>> list(expand(["{@pet}!", "no list"], {"pet": ["cat", "dog"]}, seed=1))
    ['cat!', 'dog!', 'no list']
    """
    referring: Counter[str] = Counter()
    count = 0
    for template in templates:
        names = _names(template)
        referring.update(set(names))
        count += bool(names)
    variety = min(MOST_OF_ONE, max(LEAST_OF_ONE, _WANTED // max(1, count)))
    random = Random(seed)
    decks = {name: _Deck(items, random) for name, items in lists.items()}
    for template in templates:
        names = _names(template)
        if not names:
            yield template
        elif all(lists.get(name) for name in names):
            # The templates that refer to a list share its items.
            shares = (-(-len(lists[name]) // referring[name]) for name in set(names))
            writer = _Writer(template, names, decks, random)
            yield from writer.write(max(variety, *shares))


class _Deck:
    """The items of a list; `next` gives each once before it begins anew."""

    def __init__(self, items: Sequence[str], random: Random) -> None:
        self.items = items
        self._random = random
        self._order: list[int] = []

    def next(self) -> str:
        if not self._order:
            self._order = list(range(len(self.items)))
            self._random.shuffle(self._order)
        return self.items[self._order.pop()]


class _Writer:
    """One template, and what stands at its places."""

    def __init__(
        self,
        template: str,
        names: Sequence[str],
        decks: Mapping[str, _Deck],
        random: Random,
    ) -> None:
        self.parts = _REFERENCE.split(template)[::2]
        self.names = names
        self.decks = decks
        self.random = random

    def write(self, wanted: int) -> Iterator[str]:
        combinations = 1
        for name in self.names:
            combinations *= len(self.decks[name].items)
        if combinations <= wanted:
            items = (self.decks[name].items for name in self.names)
            yield from map(self._filled, itertools.product(*items))
            return
        # What is drawn twice is written once.
        drawn = dict.fromkeys(self._filled(self._draw()) for _ in range(wanted))
        yield from drawn

    def _draw(self) -> list[str]:
        """Chance at every place but one of each list, where each item has its turn."""
        drawn = [self.random.choice(self.decks[name].items) for name in self.names]
        for name in dict.fromkeys(self.names):
            places = [i for i, other in enumerate(self.names) if other == name]
            drawn[self.random.choice(places)] = self.decks[name].next()
        return drawn

    def _filled(self, items: Sequence[str]) -> str:
        pairs = itertools.zip_longest(self.parts, items, fillvalue="")
        return "".join(itertools.chain.from_iterable(pairs))


def _names(template: str) -> list[str]:
    if "{" not in template:
        return []
    return [name.strip().casefold() for name in _REFERENCE.findall(template)]
