from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from scoring.alignment import align_words
from scoring.table import Builder, Table, side_by_side
from scoring.triage import triage

PLANTED = range(0, 1000, 67)  # 15 utterances
FILLERS = ("um", "uh")


def recordings() -> list[list[str]]:
    """What was really said: 1,000 utterances, with fillers."""
    rng = random.Random(1)
    words = [f"word{n}" for n in range(800)]
    weights = [1 / (n + 1) for n in range(800)]
    spoken = []
    for _ in range(1000):
        text = rng.choices(words, weights, k=rng.randrange(3, 15))
        if rng.random() < 0.3:
            text.insert(rng.randrange(len(text)), rng.choice(FILLERS))
        spoken.append(text)
    return spoken


def references(spoken: Sequence[list[str]]) -> list[list[str]]:
    """As they were written down: right but in the planted utterances."""
    rng = random.Random(2)
    written = [list(text) for text in spoken]
    for number, planted in enumerate(PLANTED):
        # Fillers are in no transcript, so nobody can see that they are missing.
        text = written[planted] = [w for w in written[planted] if w not in FILLERS]
        at = rng.randrange(len(text))
        match number % 5:
            case 0:
                text[at] = "misheard"
            case 1:
                del text[at : at + 2]
            case 2:
                text.insert(at, "added")
            case 3:
                written[planted] = list(spoken[planted + 1])
            case 4:
                text[at : at + 2] = ["half", "asleep"]
    return written


def model(
    seed: int, spoken: Sequence[list[str]], written: Sequence[list[str]]
) -> Table:
    """About 8 % errors. What is hard is so for all models, which often hear the same
    other word then, none of them hears fillers, and they are less sure where wrong."""
    rng, difficulty = random.Random(seed), random.Random(3)
    builder = Builder()
    for said, reference in zip(spoken, written, strict=True):
        hardness = difficulty.random() ** 6 * 0.3
        heard, sure = [], []
        for word in said:
            if word in FILLERS:
                continue
            error, kind = rng.random(), rng.random()
            if error > hardness or kind < 0.7:
                right = error > hardness
                other = f"{word}-like" if kind < 0.4 else f"other{rng.randrange(99)}"
                heard.append(word if right else other)
                sure.append(rng.betavariate(9, 1) if right else rng.betavariate(3, 2))
        builder.add(align_words(reference, heard), reference, heard, sure)
    return builder.table()


def models(number: int) -> list[Table]:
    spoken = recordings()
    written = references(spoken)
    return side_by_side([model(10 + n, spoken, written) for n in range(number)])


@pytest.mark.parametrize("number", [2, 3, 5])
def test_wrong_references_are_among_the_first(number: int) -> None:
    found = triage(models(number))
    assert found.basis == "agreement"
    assert set(found.ranked(20)) >= set(PLANTED)


def test_of_one_model_it_is_a_matter_of_confidence() -> None:
    found = triage(models(1))
    assert found.basis == "confidence"
    assert len(set(found.ranked(20)) & set(PLANTED)) >= 7
    assert set(found.ranked(120)) >= set(PLANTED)


def heard_as(said: str, *heard: str) -> list[Table]:
    builders = []
    for text in heard:
        builder = Builder()
        builder.add(align_words(said.split(), text.split()), said.split(), text.split())
        builder.add("", [], [])
        builders.append(builder.table())
    return side_by_side(builders)


@pytest.mark.parametrize(
    ("said", "heard", "places"),
    [
        ("a b c", ["a x c", "a x c"], 1),
        ("a b c", ["a x c", "a y c"], 0),
        ("a b c", ["a x c", "a x c", "a b c"], 1),
        ("a b c", ["a x c", "a b c", "a b c"], 0),
        ("a b c", ["a x c", "a x c", "a b c", "a b c"], 0),
        ("a b c", ["a c", "a c"], 1),
        ("a b c", ["a b x y c", "a b x y c"], 2),
        ("a b c", ["a b x c", "a b y c"], 0),
        ("a b c", ["a b x y c", "a b x c"], 1),
        ("a b c", ["a b x x c", "a b x y c"], 1),
        ("", ["a", "a"], 1),
        ("", ["", ""], 0),
        ("a b c", ["", ""], 3),
        ("a b c", ["a x c"], 1),
    ],
)
def test_most_models_have_to_hear_the_same(said, heard, places) -> None:
    found = triage(heard_as(said, *heard))
    assert found.places.tolist() == [places, 0]
    assert found.ranked() == ([0] if places else [])


def test_without_confidence_one_model_has_only_its_errors() -> None:
    assert triage(heard_as("a b", "a x")).basis == "errors"


def test_what_one_model_could_not_recognise_is_not_ranked() -> None:
    first, second = Builder(), Builder()
    first.add("S", ["a"], ["b"])
    second.fail()
    assert triage(side_by_side([first.table(), second.table()])).ranked() == []


def test_no_utterances_have_no_rank() -> None:
    assert triage([Builder().table()]).ranked() == []
