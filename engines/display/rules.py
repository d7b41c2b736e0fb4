"""What a dataset of display formats says: the rules, in the order of its lines."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rules:
    patterns: tuple[str, ...] = ()  # the language of patterns.py
    rewrites: tuple[tuple[str, str], ...] = ()  # original and replacement
    profanities: tuple[str, ...] = ()
