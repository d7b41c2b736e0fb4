"""What to do about the errors of a model, from what kind most of them are.

After the guidance of the reference product: what is missing was hardly to be heard,
what is put in comes from noise and from other people, what is taken for another word
was too rare in what the model has learnt.
"""

from __future__ import annotations

from scoring.errors import ErrorCounts

_FEWEST = 20  # errors; of fewer the kinds say little
_GOOD = 0.05  # below this rate there is nothing to be advised
_MOST = 0.5  # share of the errors

_MISSING = (
    "Most errors are missing words: the signal may be weak. Record closer to the "
    "speaker and check the level of the microphone."
)
_INSERTED = (
    "Most errors are inserted words: look for noise and for other people who talk."
)
_SUBSTITUTED = (
    "Most errors are words taken for others: train with text and transcripts that "
    "hold the words of your domain."
)


def advice(counts: ErrorCounts) -> str:
    """A sentence or two; empty where nothing can be said.

    >>> advice(ErrorCounts(words=100, deletions=19, substitutions=4))[:35]
    'Most errors are missing words: the '
    >>> advice(ErrorCounts(words=100, deletions=9, substitutions=4))
    ''
    """
    rate = counts.rate
    if rate is None or rate < _GOOD or counts.errors < _FEWEST:
        return ""
    kinds = {
        _MISSING: counts.deletions,
        _INSERTED: counts.insertions,
        _SUBSTITUTED: counts.substitutions,
    }
    said, most = max(kinds.items(), key=lambda kind: kind[1])
    return said if most > _MOST * counts.errors else ""
