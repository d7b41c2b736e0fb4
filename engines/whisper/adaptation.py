"""What a custom model knows besides its weights: the language of its domain.

It lies in the folder of the model, as `adaptation.json` and `language_model.npz`:
text that stands for the domain, a model of its words, how things are pronounced, and
the rules of display text. `hear.py` says what becomes of it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from engines.base import Corpus, EngineError, Recipe, Word
from engines.display.patterns import PatternError
from engines.display.pipeline import Display
from engines.display.pronounce import Pronunciations
from engines.display.rules import Rules
from engines.whisper import prompting, tokens
from engines.whisper.language_model import MOST_WORDS, LanguageModel

_FILE = "adaptation.json"
_LANGUAGE_MODEL = "language_model.npz"
_FORMAT = 1
# Whisper takes 223 tokens before a window.
_PROMPT_TOKENS = 216
_CHARACTERS_PER_WORD = 5
# A text that is so much less probable than those of the domain is none of them.
_FAR = 2.5  # nats per word
# A few sentences know few of the words of others: no less is expected for that, or
# anything would fit.
_LEAST_EXPECTED = -6.5  # nats per word
_HELD_OUT = 10  # one sentence of so many
_TRIAL_WORDS = 100_000  # what the expected probability is found with
_MOST_BYTES = 50_000_000  # of adaptation.json


@dataclass(frozen=True)
class Adaptation:
    """`weight` (0 to 1) is that of the domain's language against the base's."""

    locale: str
    weight: float = 0.0
    prompt: str = ""
    pronunciations: tuple[tuple[str, str], ...] = ()
    rules: Rules = field(default_factory=Rules)
    language: LanguageModel | None = None
    expected: float = 0.0  # nats per word, of a text of the domain

    def fit(self, text: str) -> float:
        """How much a text is one of the domain, from 0 to 1."""
        if self.language is None:
            return 0.0
        behind = self.expected - self.language.score(text).per_word
        return min(max(1 - behind / _FAR, 0.0), 1.0)

    def save(self, folder: Path) -> None:
        """Write the files, new ones: the old may be those of another model too."""
        for name in (_FILE, _LANGUAGE_MODEL):
            (folder / name).unlink(missing_ok=True)
        if self.language:
            self.language.save(folder / _LANGUAGE_MODEL)
        content = {
            "format": _FORMAT,
            "locale": self.locale,
            "weight": self.weight,
            "expected": self.expected,
            "prompt": self.prompt,
            "language_model": _LANGUAGE_MODEL if self.language else "",
            "pronunciations": self.pronunciations,
            "patterns": self.rules.patterns,
            "rewrites": self.rules.rewrites,
            "profanities": self.rules.profanities,
        }
        text = json.dumps(content, ensure_ascii=False, indent=1)
        (folder / _FILE).write_text(text + "\n", "utf-8")

    @classmethod
    def load(cls, folder: Path) -> Adaptation | None:
        """None when the model has none. Raises `EngineError` for damaged files."""
        path = folder / _FILE
        if not path.is_file():
            return None
        try:
            if path.stat().st_size > _MOST_BYTES:
                raise ValueError("it is too large")
            return _read(json.loads(path.read_bytes()), folder)
        except (OSError, ValueError, KeyError, TypeError) as e:
            raise EngineError(
                f"The adaptation of the model could not be read: {e}", "BadModel"
            ) from e


def is_adapted(folder: Path) -> bool:
    """Whether the model of a folder has an adaptation; reads none."""
    return (folder / _FILE).is_file()


class Ways:
    """The ways in which a model writes what it has heard; those of an adaptation, or
    the plain ones. Made once, used for any number of texts."""

    def __init__(self, adaptation: Adaptation | None) -> None:
        self.adaptation = adaptation
        self._display: Display | None = None
        self._said: Pronunciations | None = None
        if adaptation and adaptation.rules != Rules():
            self._display = Display(adaptation.rules, adaptation.locale)
        if adaptation and adaptation.pronunciations:
            pairs = adaptation.pronunciations
            self._said = Pronunciations(pairs, adaptation.locale)

    def display(self, text: str) -> str:
        """The text as it is to be read."""
        return self._display.format(text) if self._display else text

    def pronounced(self, words: list[Word]) -> list[Word]:
        """The words, with display forms for those that were pronounced so; each has
        the time of all the words that it stands for."""
        if self._said is None:
            return words
        result: list[Word] = []
        at = 0
        for span in self._said.find([word.text for word in words]):
            said = words[span.start : span.end]
            text = said[0].text
            space = text[: len(text) - len(text.lstrip())]
            probability = min(word.probability for word in said)
            end = said[-1].end
            result += words[at : span.start]
            result.append(Word(space + span.written, said[0].start, end, probability))
            at = span.end
        return result + words[at:]


def adapt(
    folder: Path, corpus: Corpus, recipe: Recipe, *, has_heard: bool = False
) -> dict[str, Any]:
    """Write what the model in this folder is to know of the corpus's language.

    A network that `has_heard` the domain, its texts among the lessons, gets no text
    of it: it knows the words, and text before each window made a quarter more errors.

    Gives its settings and figures, for the recipe; JSON. Raises `EngineError` when a
    rule cannot be used.
    """
    try:
        Display(corpus.rules, corpus.locale)
    except PatternError as e:
        raise EngineError(
            f"A display rule cannot be used: {e} Correct it and train again.",
            "BadPattern",
        ) from e
    adaptation = Adaptation(
        locale=corpus.locale,
        weight=recipe.text_weight / 100,
        pronunciations=tuple((one, two) for one, two in corpus.pronunciations),
        rules=corpus.rules,
    )
    counted = _counter(folder)
    if not has_heard:
        adaptation = _with_language(adaptation, corpus, recipe.seed, counted)
    adaptation.save(folder)
    if adaptation.language is None:
        return {}
    return {
        "weight": adaptation.weight,
        "prompt_tokens": counted(adaptation.prompt),
        "most_prompt_tokens": _PROMPT_TOKENS,
        "most_words_counted": MOST_WORDS,
        "expected_nats_per_word": round(adaptation.expected, 4),
        "far_nats_per_word": _FAR,
    }


def _with_language(
    adaptation: Adaptation, corpus: Corpus, seed: int, counted: Callable[[str], int]
) -> Adaptation:
    names = [display for display, _ in corpus.pronunciations]
    language = LanguageModel.build(_drawn(corpus, seed), corpus.locale)
    sentences = prompting.sample(_sentences(corpus), seed)
    return replace(
        adaptation,
        prompt=prompting.prompt(
            sentences, names, corpus.locale, _PROMPT_TOKENS, counted
        ),
        language=None if language.is_empty else language,
        expected=_expected(sentences, corpus.locale),
    )


def _sentences(corpus: Corpus) -> Iterator[str]:
    """All that is known to be said in the domain."""
    yield from corpus.texts()
    for display, _ in corpus.pronunciations:
        yield display


def _drawn(corpus: Corpus, seed: int) -> Iterator[str]:
    """An even share of the sentences, if there are more than will be counted."""
    characters = sum(len(text) for text in _sentences(corpus))
    share = MOST_WORDS * _CHARACTERS_PER_WORD / max(characters, 1)
    rng = random.Random(seed)
    return (text for text in _sentences(corpus) if share >= 1 or rng.random() < share)


def _expected(sentences: Sequence[str], locale: str) -> float:
    """How probable a model of most sentences finds the others, in nats per word."""
    most = (text for at, text in enumerate(sentences) if at % _HELD_OUT)
    model = LanguageModel.build(most, locale, _TRIAL_WORDS)
    scores = [model.score(text) for text in sentences[::_HELD_OUT]]
    words = sum(score.words for score in scores)
    found = sum(score.log_probability for score in scores) / max(words, 1)
    return max(found, _LEAST_EXPECTED)


def _counter(folder: Path) -> Callable[[str], int]:
    tokenizer = tokens.tokenizer(folder)
    return lambda text: len(tokenizer.encode(f" {text}", add_special_tokens=False).ids)


def _read(content: dict[str, Any], folder: Path) -> Adaptation:
    if content["format"] != _FORMAT:
        raise ValueError(f"its format is {content['format']}")
    name = content["language_model"]
    if name not in ("", _LANGUAGE_MODEL):
        raise ValueError("its language model has a strange name")
    rules = Rules(
        patterns=tuple(_texts(content["patterns"])),
        rewrites=tuple(_pairs(content["rewrites"])),
        profanities=tuple(_texts(content["profanities"])),
    )
    locale, prompt = _texts([content["locale"], content["prompt"]])
    return Adaptation(
        locale=locale,
        weight=min(max(float(content["weight"]), 0.0), 1.0),
        prompt=prompt,
        pronunciations=tuple(_pairs(content["pronunciations"])),
        rules=rules,
        language=LanguageModel.load(folder / name) if name else None,
        expected=float(content["expected"]),
    )


def _texts(values: list[Any]) -> list[str]:
    if not all(isinstance(value, str) for value in values):
        raise ValueError("there is something else where a text should be")
    return values


def _pairs(values: list[Any]) -> list[tuple[str, str]]:
    pairs = [_texts(value) for value in values]
    return [(one, two) for one, two in pairs]
