from __future__ import annotations

from itertools import pairwise

import pytest

from engines.base import Transcript, Word
from engines.captions import srt
from engines.display.forms import Writer
from engines.display.rules import Rules
from transcriptions import results
from transcriptions.phrases import Phrase, phrases
from transcriptions.wording import Wording, timed

RULES = Rules(profanities=("damn",))


def words(text: str, start: float = 0.0, each: float = 0.5) -> tuple[Word, ...]:
    return tuple(
        Word(f" {word}", start + each * n, start + each * (n + 1), 0.8)
        for n, word in enumerate(text.split())
    )


def written(text: str, channel: int = 0, start: float = 0.0, **how: object) -> object:
    phrase = Phrase(channel, start, start + 1, text, words(text, start))
    return wording(**how).written(phrase)  # type: ignore[arg-type]


def wording(profanity: str = "Masked", is_punctuated: bool = True) -> Wording:
    return Wording(Writer(RULES, "en-US"), profanity, is_punctuated)


def cut(text: str, *pauses: int) -> list[str]:
    """The phrases of a text, with two seconds of silence after those words."""
    spoken, at = [], 0.0
    for number, word in enumerate(text.split()):
        spoken.append(Word(f" {word}", at, at + 0.3, 1.0))
        at += 2.3 if number in pauses else 0.3
    heard = Transcript("", text, tuple(spoken))
    return [phrase.text for phrase in phrases(heard, 0, 10.0, 40.0)]


@pytest.mark.parametrize(
    ("text", "pauses", "found"),
    [
        ("Good morning. How are you?", [], ["Good morning.", "How are you?"]),
        ("Dr. Smith has 3.50 left.", [], ["Dr. Smith has 3.50 left."]),
        ("one two three four", [1], ["one two", "three four"]),
        ("yes", [], ["yes"]),
        ("", [], []),
    ],
)
def test_a_phrase_ends_with_its_sentence_or_before_a_long_pause(
    text: str, pauses: list[int], found: list[str]
) -> None:
    assert cut(text, *pauses) == found


def test_times_of_a_phrase_are_those_of_the_recording() -> None:
    heard = Transcript("", "one two", words("one two"))
    (phrase,) = phrases(heard, 1, 10.0, 20.0)
    assert (phrase.channel, phrase.start, phrase.end) == (1, 10.0, 11.0)
    assert phrase.confidence == pytest.approx(0.8)


def test_without_times_of_words_the_phrase_is_the_segment() -> None:
    (phrase,) = phrases(Transcript("", " one. two."), 0, 3.0, 5.0)
    assert (phrase.text, phrase.start, phrase.end) == ("one. two.", 3.0, 5.0)


@pytest.mark.parametrize(
    ("profanity", "is_punctuated", "display"),
    [
        ("Masked", True, "Well, **** it."),
        ("None", True, "Well, damn it."),
        ("Removed", True, "Well, it."),
        ("Tags", True, "Well, <profanity>damn</profanity> it."),
        ("Masked", False, "Well **** it"),
    ],
)
def test_the_options_decide_the_display_form(
    profanity: str, is_punctuated: bool, display: str
) -> None:
    one = wording(profanity, is_punctuated).written(
        Phrase(0, 0, 1, "Well, damn it.", words("Well, damn it."))
    )
    assert one.forms.display == display
    assert one.forms.lexical == "well damn it"


@pytest.mark.parametrize(
    ("spoken", "display", "times"),
    [
        ("one two", "One two.", [("One", 0.0), ("two.", 0.5)]),
        ("it costs twenty dollars", "It costs $20.", [("It", 0), ("$20.", 1.0)]),
        ("five", "5 % of", [("5", 0.0)]),
        ("", "nothing", []),
    ],
)
def test_words_of_the_display_form_have_the_times_of_what_was_spoken(
    spoken: str, display: str, times: list[tuple[str, float]]
) -> None:
    found = list(timed(display, Phrase(0, 0, 9, spoken, words(spoken))))
    starts = {word.text: word.start for word in found}
    assert all(starts[text] == pytest.approx(start) for text, start in times)
    assert [word.start for word in found] == sorted(word.start for word in found)


def test_a_result_has_the_shape_of_the_reference() -> None:
    made = results.result(
        "https://a.example/b.wav",
        "2026-11-22T10:00:00Z",
        2.5,
        [0, 1],
        [written("Good morning.", 1, 1.0), written("Hello.", 0, 0.07)],
        locale="en-US",
        has_words=True,
        has_display_words=True,
    )
    assert {k: v for k, v in made.items() if not k.endswith("Phrases")} == {
        "source": "https://a.example/b.wav",
        "timestamp": "2026-11-22T10:00:00Z",
        "durationInTicks": 25_000_000,
        "durationMilliseconds": 2500,
        "duration": "PT2.5S",
    }
    assert made["combinedRecognizedPhrases"] == [
        {
            "channel": 0,
            "lexical": "hello",
            "itn": "hello",
            "maskedITN": "hello",
            "display": "Hello.",
        },
        {
            "channel": 1,
            "lexical": "good morning",
            "itn": "good morning",
            "maskedITN": "good morning",
            "display": "Good morning.",
        },
    ]
    assert made["recognizedPhrases"][0] == {
        "recognitionStatus": "Success",
        "channel": 0,
        "offset": "PT0.07S",
        "duration": "PT1S",
        "offsetInTicks": 700_000,
        "durationInTicks": 10_000_000,
        "nBest": [
            {
                "confidence": 0.8,
                "lexical": "hello",
                "itn": "hello",
                "maskedITN": "hello",
                "display": "Hello.",
                "words": [
                    {
                        "word": "hello",
                        "offset": "PT0.07S",
                        "duration": "PT0.5S",
                        "offsetInTicks": 700_000,
                        "durationInTicks": 5_000_000,
                        "confidence": 0.8,
                    }
                ],
                "displayWords": [
                    {
                        "displayText": "Hello.",
                        "offset": "PT0.07S",
                        "duration": "PT0.5S",
                        "offsetInTicks": 700_000,
                        "durationInTicks": 5_000_000,
                    }
                ],
            }
        ],
    }


def test_times_of_words_come_only_when_they_are_asked_for() -> None:
    made = results.result("a", "", 1, [0], [written("one")], locale="en-US")
    best = made["recognizedPhrases"][0]["nBest"][0]
    assert "words" not in best and "displayWords" not in best


@pytest.mark.parametrize(
    ("locale", "display"), [("en-US", "一。 二。"), ("ja-JP", "一。二。")]
)
def test_phrases_of_a_channel_are_joined_as_the_language_is_written(
    locale: str, display: str
) -> None:
    two = [written("一。"), written("二。", start=1.0)]
    made = results.result("a", "", 2, [0], two, locale=locale)
    assert made["combinedRecognizedPhrases"][0]["display"] == display


def test_the_report_counts_and_gives_the_reason_of_each_failure() -> None:
    made = results.report(
        [results.Outcome("a.wav"), results.Outcome("b.wav", "audio.empty", "Empty.")]
    )
    assert made == {
        "successfulTranscriptionsCount": 1,
        "failedTranscriptionsCount": 1,
        "details": [
            {"source": "a.wav", "status": "Succeeded"},
            {
                "source": "b.wav",
                "status": "Failed",
                "error": {"code": "audio.empty", "message": "Empty."},
            },
        ],
    }


def test_a_long_phrase_becomes_captions_that_can_be_read() -> None:
    text = " ".join(["another sentence"] * 20)
    phrase = Phrase(0, 5.0, 25.0, text, words(text, 5.0))
    made = results.result("a", "", 30, [0], [wording().written(phrase)], locale="en-US")
    found = list(results.captions(made))
    assert " ".join(one.text for one in found).lower() == text
    assert all(len(one.text) <= 100 for one in found)
    assert (found[0].start, found[-1].end) == (5.0, pytest.approx(25.0))
    assert all(a.end == b.start for a, b in pairwise(found))


def test_captions_and_text_of_two_channels_say_who_speaks() -> None:
    made = results.result(
        "a",
        "",
        9,
        [0, 1],
        [written("Hello.", 0), written("Hi.", 1, 1.0)],
        locale="en-US",
    )
    assert results.plain(made) == "Channel 0: Hello.\nChannel 1: Hi.\n"
    assert "Channel 1: Hi." in srt(results.captions(made))
