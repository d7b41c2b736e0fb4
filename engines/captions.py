"""Captions: what is said and when, as files that players of videos take.

SubRip has no standard; what all programs read is written here. WebVTT:
https://www.w3.org/TR/webvtt1/
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Caption:
    """What is shown from `start` to `end`, both in seconds."""

    start: float
    end: float
    text: str


def srt(captions: Iterable[Caption]) -> str:
    """
    >>> srt([Caption(0.5, 1.25, "Good morning.")])
    '1\\n00:00:00,500 --> 00:00:01,250\\nGood morning.\\n\\n'
    """
    return "".join(
        f"{number}\n{_time(one.start, ',')} --> {_time(one.end, ',')}\n"
        # Readers would take such an arrow for times.
        f"{_one_line(one.text).replace('-->', '->')}\n\n"
        for number, one in enumerate(captions, start=1)
    )


def vtt(captions: Iterable[Caption]) -> str:
    """
    >>> vtt([Caption(3600, 3601.5, "R&D")])
    'WEBVTT\\n\\n01:00:00.000 --> 01:00:01.500\\nR&amp;D\\n\\n'
    """
    return "WEBVTT\n\n" + "".join(
        f"{_time(one.start, '.')} --> {_time(one.end, '.')}\n"
        f"{_escaped(_one_line(one.text))}\n\n"
        for one in captions
    )


def _one_line(text: str) -> str:
    """An empty line would end the caption."""
    return " ".join(text.split())


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _time(seconds: float, point: str) -> str:
    """
    >>> _time(3725.0316, ",")
    '01:02:05,032'
    """
    milliseconds = round(max(0.0, seconds) * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    whole, part = divmod(rest, 1000)
    return f"{hours:02}:{minutes:02}:{whole:02}{point}{part:03}"
