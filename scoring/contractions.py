"""What English contractions stand for: `don't` is *do not*, `gonna` is *going to*.

Some stand for several things (`it's` is *it is* or *it has*), so no text is rewritten
by this table alone: `reconciliation.py` asks whether one side may stand for what the
other says at the same place. What is written the same on both sides is never touched.

Words that lost their apostrophe (`its`, `well`, `were`, `lets`) are other words, and
so they are errors. An `'s` may be a possessive; then the other side has it as well.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product

Words = tuple[str, ...]

_WHOLE = {
    "won't": ["will not"],
    "can't": ["can not"],
    "cannot": ["can not"],
    "shan't": ["shall not"],
    "ain't": ["am not", "is not", "are not", "has not", "have not"],
    "let's": ["let us"],
    "y'all": ["you all"],
    "gonna": ["going to"],
    "wanna": ["want to", "want a"],
    "gotta": ["got to", "got a"],
    "kinda": ["kind of"],
    "sorta": ["sort of"],
    "dunno": ["do not know"],
    "gimme": ["give me"],
    "lemme": ["let me"],
    "coulda": ["could have"],
    "shoulda": ["should have"],
    "woulda": ["would have"],
}
_ENDINGS = {
    "n't": ["not"],
    "'m": ["am"],
    "'re": ["are"],
    "'ll": ["will", "shall"],
    "'ve": ["have"],
    "'s": ["is", "has"],
    "'d": ["had", "would"],
}
_READINGS = {
    word: tuple(tuple(text.split()) for text in texts) for word, texts in _WHOLE.items()
}
_MOST_ENDINGS = 3  # "I'd've", "couldn't've"; more are no word


@lru_cache(maxsize=4096)
def readings(word: str) -> tuple[Words, ...]:
    """What this word (in lower case) may stand for; the word itself if nothing else.

    >>> readings("it's")
    (('it', 'is'), ('it', 'has'))
    >>> readings("couldn't've"), readings("dog")
    ((('could', 'not', 'have'),), (('dog',),))
    """
    return _readings(word, _MOST_ENDINGS)


def is_contraction(word: str) -> bool:
    """Whether this word stands for others.

    >>> is_contraction("we'll"), is_contraction("o'clock")
    (True, False)
    """
    return readings(word) != ((word,),)


def _readings(word: str, endings: int) -> tuple[Words, ...]:
    if word in _READINGS:
        return _READINGS[word]
    for ending, tails in _ENDINGS.items():
        stem = word.removesuffix(ending)
        if stem and stem != word and endings:
            heads = _readings(stem, endings - 1)
            return tuple((*head, tail) for head, tail in product(heads, tails))
    return ((word,),)
