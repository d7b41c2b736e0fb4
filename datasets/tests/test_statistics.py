from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets import statistics, vocabulary
from datasets.formats.base import Entry
from datasets.seen import Seen
from datasets.statistics import TextFigures, Vocabulary, WordCounter, of_utterances
from engines import registry
from engines.base import BaseModel, EngineError
from engines.fake import FakeEngine
from projects.models import Project

NONE = Vocabulary(missing="There is none.")
LONG = Vocabulary("Fake", outside=lambda words: [len(word) > 6 for word in words])


def of_text(
    texts: Sequence[str], locale: str = "en-US", known: Vocabulary = NONE
) -> dict:
    figures = TextFigures(locale)
    for number, text in enumerate(texts, 1):
        figures.add(Entry("sentence", number, text))
    return figures.figures(known)


def counts(bins: list[dict]) -> list[tuple]:
    return [(each["from"], each["to"], each["count"]) for each in bins]


def test_the_figures_of_recordings() -> None:
    utterances = [
        Seen(0, "a.wav", "Take the aspirin", 1.5, labels={"speaker": "anna"}),
        Seen(1, "b.wav", "take the metformin", 1.0, level_dbfs=-23.4, snr_db=31.0),
        Seen(2, "c.wav", "", 100.0, labels={"speaker": "anna", "device": "phone"}),
    ]
    figures = of_utterances(utterances, "en-US", LONG)
    assert figures["unit"] == "words"
    assert (figures["utterances"], figures["with_text"]) == (3, 2)
    assert (figures["seconds"], figures["words"]) == (102.5, 6)
    assert figures["vocabulary"] == {"size": 4, "at_least": False}
    assert figures["rate"]["median"] == 2.5
    assert counts(figures["rate"]["bins"]) == [(2, 2.5, 1), (2.5, 3, 0), (3, 3.5, 1)]
    assert counts(figures["length"])[0] == (1, 2, 2)
    assert counts(figures["length"])[-1] == (60, 300, 1)
    assert counts(figures["level"]) == [(-25, -20, 1)]
    assert counts(figures["snr"]) == [(30, 35, 1)]
    quiet = of_utterances([Seen(0, "a.wav", level_dbfs=-75.0)], "en-US", NONE)
    assert counts(quiet["level"]) == [(None, -60, 1)]
    assert figures["labels"]["speaker"] == {
        "values": [{"value": "anna", "utterances": 2, "seconds": 101.5}],
        "more": 0,
    }
    assert figures["frequent"][:2] == [["take", 2], ["the", 2]]
    assert figures["telling"] == [["take", 2], ["aspirin", 1], ["metformin", 1]]
    assert figures["unknown"] == {
        "model": "Fake",
        "missing": "",
        "words": [["aspirin", 1], ["metformin", 1]],
        "total": 2,
        "at_least": False,
        "occurrences": 2,
    }
    assert json.loads(json.dumps(figures)) == figures


def test_nothing_gives_empty_figures() -> None:
    figures = of_utterances([], "en-US", NONE)
    assert figures["rate"] == {"median": None, "bins": []}
    assert (figures["length"], figures["level"], figures["labels"]) == ([], [], {})
    assert of_text([])["counted"] == 1.0


def test_of_a_label_fifty_values_are_told() -> None:
    utterances = [
        Seen(i, "a.wav", "", 1.0, labels={"speaker": str(i % 70)}) for i in range(100)
    ]
    speakers = of_utterances(utterances, "en-US", NONE)["labels"]["speaker"]
    assert len(speakers["values"]) == 50
    assert speakers["more"] == 20
    assert speakers["values"][0]["utterances"] == 2


def test_the_figures_of_a_text() -> None:
    figures = TextFigures("en-US")
    for entry in (
        Entry("list drug", 1, "aspirin"),
        Entry("lexicon", 2, "cat", "k ae t"),
        Entry("sentence Training_1", 3, "Take {@drug} now."),
        Entry("sentence", 4, "COPD and more COPD"),
    ):
        figures.add(entry)
    result = figures.figures(NONE)
    assert result["entries"] == {"sentence": 2, "list": 1, "lexicon": 1}
    assert (result["sentences"], result["words"]) == (2, 7)
    assert result["frequent"][0] == ["COPD", 2]
    assert counts(result["length"]) == [(3, 5, 2)]
    assert result["unknown"]["missing"] == "There is none."
    assert json.loads(json.dumps(result)) == result


def test_without_spaces_characters_are_counted() -> None:
    figures = of_text(["東京です。", "東京"], "ja-JP", LONG)
    assert (figures["unit"], figures["words"]) == ("characters", 6)
    assert figures["frequent"][0] == ["東", 2]
    assert "spaces" in figures["unknown"]["missing"]


@pytest.mark.parametrize(
    ("locale", "text", "found"),
    [
        ("hi-IN", "नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("de-DE", "Straße und Café-Bar", ["straße", "und", "café", "bar"]),
        ("en-US", "don't “don\u2019t” 2.5", ["don't", "don\u2019t", "2", "5"]),
        ("ar-EG", "مَرْحَبًا بكم", ["مَرْحَبًا", "بكم"]),
    ],
)
def test_words_keep_their_marks_and_apostrophes(
    locale: str, text: str, found: list[str]
) -> None:
    assert [word for word, _ in of_text([text], locale)["frequent"]] == found


def test_of_a_long_text_a_part_is_counted_and_the_figures_say_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(statistics, "_WHOLE_BLOCKS", 2)
    figures = of_text(["take it now"] * 20_000)
    assert figures["counted"] == 0.15  # blocks 0, 1 and 16 of 20
    assert figures["words"] == 60_000
    assert figures["frequent"][0] == ["take", 3_000]


def test_endless_new_words_take_no_endless_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(statistics, "MAX_WORDS", 3_000)
    monkeypatch.setattr(statistics, "KEPT_WORDS", 1_000)
    counter = WordCounter("en-US")
    for i in range(50):
        counter.add("often " * 10 + " ".join(f"w{i}x{n}" for n in range(1_000)))
        assert len(counter._counts) <= 3_000
    figures = counter.figures(LONG)
    assert figures["vocabulary"]["at_least"]
    assert figures["unknown"]["at_least"]
    assert figures["frequent"][0] == ["often", 500]


def test_what_is_too_long_for_a_word_is_not_listed() -> None:
    figures = of_text(["short " + "long" * 26, "short"])
    assert figures["frequent"] == [["short", 2]]
    assert figures["words"] == 3


def test_an_engine_that_fails_leaves_the_reason() -> None:
    def fail(words: Sequence[str]) -> list[bool]:
        raise EngineError("The model is gone.")

    unknown = of_text(["one two"], known=Vocabulary("Fake", outside=fail))["unknown"]
    assert (unknown["missing"], unknown["words"]) == ("The model is gone.", [])


@given(st.lists(st.text(max_size=60), max_size=20), st.sampled_from(["en-US", "th-TH"]))
def test_no_text_does_harm(texts: list[str], locale: str) -> None:
    json.dumps(of_text(texts, locale, LONG))


def project(locale: str = "en-US") -> Project:
    return Project(name="Clinic", locale=locale, engine="fake")


def base_model(name: str, languages: Sequence[str], is_on_disk: bool) -> BaseModel:
    return BaseModel(name, f"Whisper {name}", frozenset(languages), is_on_disk)


def test_the_vocabulary_is_that_of_the_first_model_that_can_be_asked() -> None:
    engine = FakeEngine(
        models=[
            base_model("german", ["de"], True),
            base_model("far", ["en"], False),
            base_model("near", [], True),
        ]
    )
    with registry.replaced("fake", engine):
        known = vocabulary.of_project(project())
    assert (known.model, known.missing) == ("Whisper near", "")
    # The fake engine has one piece for four letters.
    assert known.outside(["metoprolol", "aspirin", "A", "20000000000"]) == [
        True,
        False,
        False,
        False,
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("engine", "reason"),
    [
        (FakeEngine(models=[base_model("a", ["de"], True)]), "speaks English"),
        (FakeEngine(models=[base_model("a", ["en"], False)]), "not on this disk yet"),
        (None, "no speech engine"),
    ],
)
def test_without_a_model_the_reason_is_said(
    engine: FakeEngine | None, reason: str
) -> None:
    if engine is None:
        known = vocabulary.of_project(Project(locale="en-US", engine="nobody"))
    else:
        with registry.replaced("fake", engine):
            known = vocabulary.of_project(project())
    assert reason in known.missing


def test_terms_are_outside_of_whispers_vocabulary_and_everyday_words_are_not() -> None:
    terms = ["metoprolol", "lisinopril", "warfarin", "dyspnea", "COPD", "eGFR", "GERD"]
    words = ["patient", "monday", "bedtime", "restarted", "inhaler", "don't", "I", "75"]
    engine = registry.get_engine("whisper")
    assert all(vocabulary.outside(engine, "tiny.en", "en-US", terms))
    assert not any(vocabulary.outside(engine, "tiny.en", "en-US", words))
