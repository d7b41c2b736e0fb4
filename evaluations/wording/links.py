from __future__ import annotations

from evaluations.levels import Scored


def utterances_with(shown: Scored, name: str) -> str:
    """The address, at the level that is shown, of the utterances with a "word" or a
    "term", which belongs behind it."""
    query = shown.query()
    return f"{shown.evaluation.get_absolute_url()}?{query and f'{query}&'}{name}="
