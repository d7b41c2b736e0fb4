"""The page that says which data helps, how much of it, and how to make it.

What a kind is for and how large it may be is said by `kinds`, limits are those of
`formats`; what is written here is what no other file says.
"""

from __future__ import annotations

from typing import NamedTuple

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from datasets import examples
from datasets.formats import archive, audio, clips, measure, pronunciation, sentences
from datasets.formats.base import duration_text, size_text
from datasets.forms import limits_of
from datasets.kinds import BY_VALUE, KINDS, Kind
from datasets.models import Dataset
from projects.locales import language_name
from projects.requests import Request

_KIND = Dataset.Kind


class Problem(NamedTuple):
    """What somebody sees in results, and the kinds that help, the first one first."""

    seen: str
    kinds: tuple[str, ...]
    why: str


class Scenario(NamedTuple):
    """What to bring for one use of speech recognition."""

    name: str
    text: str
    recordings: str
    words: str  # pronunciations and display rules


PROBLEMS = (
    Problem(
        "Nobody knows yet how good it is",
        (_KIND.ACOUSTIC, _KIND.TRANSCRIPT),
        "Test before you train. For a first look a machine can speak the sentences.",
    ),
    Problem(
        "Words of your field come out as other words",
        (_KIND.PLAIN_TEXT, _KIND.STRUCTURED_TEXT),
        "Text is quick to collect and trains in minutes: begin with it.",
    ),
    Problem(
        "The same sentence is right with one name and wrong with another",
        (_KIND.STRUCTURED_TEXT,),
        "Write the sentence once and the names as a list.",
    ),
    Problem(
        "A brand or an abbreviation is never recognised",
        (_KIND.PRONUNCIATION, _KIND.STRUCTURED_TEXT),
        "Say how it sounds, and put it into sentences as well.",
    ),
    Problem(
        "Some speakers, rooms or lines do much worse than others",
        (_KIND.ACOUSTIC,),
        "Only sound like theirs teaches the model to hear them.",
    ),
    Problem(
        "There are recordings, and nobody has time to write them down",
        (_KIND.AUDIO,),
        "Correct drafts in the editor instead of typing all of it.",
    ),
    Problem(
        "The words are right, and codes or spellings are not",
        (_KIND.OUTPUT_FORMAT,),
        "Nothing has to be heard better, only written in another way.",
    ),
)

SCENARIOS = (
    Scenario(
        "Call centre",
        "What agents and callers say about your products: chat logs and notes, "
        "rewritten as speech",
        "Both sides of real calls, as the line delivers them, with accents and noise",
        "Product and company names, codes that callers spell",
    ),
    Scenario(
        "Voice assistant",
        "Every way to ask for each thing, as structured text with lists of names",
        "Short commands at the distance of the device, with its room and its music",
        "Names of songs, places, contacts and rooms; how units are written",
    ),
    Scenario(
        "Dictation",
        "Former documents of the same people, one sentence on each line",
        "Each author for some minutes, with the microphone that will be used",
        "Technical terms and abbreviations; rules for headings, doses and dates",
    ),
    Scenario(
        "Captions of video",
        "Scripts, earlier captions, names of guests and places",
        "Sound of earlier programmes, with music and several people at once",
        "Names of people and titles; words to mask",
    ),
)


@require_safe
def show(request: Request) -> HttpResponse:
    """For everyone who is signed in."""
    ctx = {
        "problems": [
            (one.seen, [BY_VALUE[kind] for kind in one.kinds], one.why)
            for one in PROBLEMS
        ],
        "scenarios": SCENARIOS,
        "kinds": [(kind, limits_of(kind), _downloads(kind)) for kind in KINDS],
        "acoustic": BY_VALUE[_KIND.ACOUSTIC],
        "limits": _limits(),
    }
    return render(request, "datasets/guide.html", ctx)


def _downloads(kind: Kind) -> list[tuple[str, str]]:
    """Locale and language of each example of this kind."""
    locales = dict.fromkeys(
        examples.locale_of(kind, locale) for locale in examples.TEXT_LOCALES
    )
    return [(locale, language_name(locale)) for locale in locales]


def _limits() -> dict[str, object]:
    """The numbers of the importers, fit to be shown."""
    return {
        "margin": duration_text(clips.MARGIN_SECONDS),
        "training": clips.MAX_TRAINING_SECONDS,
        "hours": audio.MAX_SECONDS // 3600,
        "files": archive.MAX_FILES,
        "archive": size_text(archive.MAX_UPLOAD_BYTES).replace(".0 ", " "),
        "rate": measure.SAMPLE_RATE_HZ // 1000,
        "low": f"{measure.LOW_DBFS:.0f}",
        "repeats": sentences.MAX_REPEATS,
        "japanese": sentences.MAX_JAPANESE_CHARACTERS,
        "forms": pronunciation.MAX_SPOKEN_FORMS,
    }
