from __future__ import annotations

from training.expansion import MOST_OF_ONE, expand

LISTS = {"digit": ["one", "two", "three"], "city": [f"city {n}" for n in range(5000)]}


def test_few_combinations_are_all_written() -> None:
    found = list(expand(["{@digit} {@ Digit }"], LISTS, seed=1))
    assert len(found) == len(set(found)) == 9
    assert "one one" in found


def test_every_item_of_a_long_list_comes_at_least_once() -> None:
    found = list(expand(["to {@city} or {@city}", "in {@city}"], LISTS, seed=1))
    words = " ".join(found) + " "
    assert all(f"{city} " in words for city in LISTS["city"])
    assert len(found) <= 5000 + 2


def test_what_would_explode_is_cut() -> None:
    found = list(expand([" ".join(["{@digit}"] * 20)], LISTS, seed=1))
    assert 0.9 * MOST_OF_ONE < len(found) <= MOST_OF_ONE
    many = [f"call {n} {{@digit}} {{@digit}} {{@digit}}" for n in range(4000)]
    assert len(list(expand(many, LISTS, seed=1))) <= 10 * 4000


def test_the_same_seed_writes_the_same() -> None:
    templates = ["{@city} {@digit} {@digit} {@digit}"]
    assert list(expand(templates, LISTS, 1)) == list(expand(templates, LISTS, 1))
    assert list(expand(templates, LISTS, 1)) != list(expand(templates, LISTS, 2))


def test_a_list_that_is_not_there_gives_nothing() -> None:
    assert list(expand(["my {@pet}", "plain"], LISTS, 1)) == ["plain"]
