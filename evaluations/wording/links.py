from __future__ import annotations

from urllib.parse import urlencode

from evaluations.levels import Scored
from scoring.scale import Level


def utterances_with(shown: Scored, name: str) -> str:
    """The address, at the level that is shown, of the utterances with a "word" or a
    "term", which belongs behind it."""
    level = shown.scale.level
    fixed = {} if level == Level.LEXICAL else {"level": level.value}
    query = urlencode({**fixed, name: ""})
    return f"{shown.evaluation.get_absolute_url()}?{query}"
