"""Train the network of Whisper on clips and their transcripts.

All layers learn together. A pass goes over all lessons,
packed into windows (`packing`), changed a little (`augment`), with spoken sentences
among them (`rehearsal`). The model is the mean of the weights over the last steps
(`average`); in the end part of what was learnt is taken back where that does no harm
(`_blend`). What happens in a pass hangs on the seed and the number of the pass alone,
and each finished pass is kept on the disk: a training that is killed and taken up
again ends with the same weights.

Imported only by a process that trains: it loads torch.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from engines.base import Corpus, EngineError, Pass, Progress, Recipe
from engines.voices import has_voice
from engines.whisper import (
    checkpoint,
    listening,
    network,
    rehearsal,
    steps,
    timetable,
    weights,
)
from engines.whisper.average import Average
from engines.whisper.course import Course
from engines.whisper.lessons import Example, Reader, read_lessons
from engines.whisper.settings import Settings

# Of what was learnt, where there are no held-out clips to ask.
_UNSEEN_SHARE = 0.7


@dataclass(frozen=True)
class Tuned:
    """The trained weights, and how they came to be."""

    state: weights.State
    best: int
    settings: dict[str, Any]
    dropped: list[tuple[str, str]]
    notes: list[str]


def finetune(
    folder: Path,
    corpus: Corpus,
    recipe: Recipe,
    work: Path,
    report: Callable[[Progress], None],
    threads: int,
    settings: Settings | None = None,
) -> Tuned:
    """Train the model of `folder`. `work` keeps what a later run can go on with.

    Raises `EngineError` when nothing can be learnt from the lessons, and what
    `report` raises.
    """
    settings = settings or Settings()
    work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    report(Progress("Reading the lessons", 0, 0))
    net = network.build(folder, device)
    sizes = net.config
    reader = Reader(folder, corpus.locale, sizes.vocab_size, sizes.num_mel_bins, device)
    lessons, held_out, dropped = _read(reader, corpus, sizes.max_target_positions // 2)
    spoken, read = _spoken(reader, corpus, recipe, settings, work / "spoken")
    table = timetable.make(
        [e.sound(n, settings.augment) for n, e in enumerate(lessons)],
        [e.sound(n, settings.augment, is_spoken=True) for n, e in enumerate(spoken)],
        settings,
        recipe.seed,
    )
    # From all of them evenly: speakers lie together.
    checked = held_out[:: math.ceil(len(held_out) / settings.checked) or 1]
    parts = (net, reader, lessons, checked, spoken, settings, recipe.seed)
    here = Course(*parts, report, table)
    best, share = _teach(here, work)
    state = network.state_of(net)
    # The base model, which pass 0 is, takes in all of the text afterwards.
    notes = _notes(here, read if best else 0)
    return Tuned(state, best, _recorded(here, share, threads), dropped, notes)


def _spoken(
    reader: Reader, corpus: Corpus, recipe: Recipe, settings: Settings, folder: Path
) -> tuple[list[Example], int]:
    """Sentences spoken by the machine: general ones, some of the lessons, and as
    many of the texts as these weigh; and how many of the texts that are."""
    if not has_voice(corpus.locale):
        return [], 0
    of_texts = round(settings.spoken * recipe.text_weight / 100)
    texts = rehearsal.drawn(corpus.texts(), of_texts, recipe.seed)
    said = (lesson.text for lesson in corpus.lessons)
    own = rehearsal.drawn(said, settings.spoken - len(texts), recipe.seed)
    sentences = [*rehearsal.general(corpus.locale), *own, *texts]
    found = rehearsal.speak(corpus.locale, sentences, folder)
    return [reader.example(*each) for each in found], len(texts)


def _read(
    reader: Reader, corpus: Corpus, most_tokens: int
) -> tuple[list[Example], list[Example], list[tuple[str, str]]]:
    """Lessons, held-out clips, and what of both was left out, with the reason."""
    lessons, dropped = read_lessons(reader, corpus.lessons, most_tokens)
    held_out, more = read_lessons(reader, corpus.held_out, most_tokens)
    if not lessons:
        raise EngineError(
            f"No clip is left to learn from. The first: {dropped[0][1]}",
            "NothingToTrainOn",
        )
    return lessons, held_out, dropped + more


def _teach(here: Course, work: Path) -> tuple[int, float]:
    """Train, and leave the network as it was best: which pass, and how much of it."""
    learning = steps.learning_of(here)
    base = network.learnt(here.net)
    saved = checkpoint.Store(work, _digest(here))
    span = math.ceil(here.settings.averaged * here.timetable.total)
    average = Average(here.net, span)
    _begin(here, learning, average, saved.last())
    while not _is_over(here):
        loss = steps.go_over(here, learning, average)
        with average.in_place():
            _note(here, _look(here, len(here.passes), loss))
        if _best(here) == len(here.passes) - 1:
            saved.save_best(average.weights)
        saved.save(
            weights=network.learnt(here.net),
            learning=learning.state_dict(),
            average=average.state(),
            passes=[asdict(p) for p in here.passes],
        )
    best = _best(here)
    if not best:
        network.restore(here.net, base)
        return 0, 0.0
    network.restore(here.net, saved.best())
    return best, _blend(here, base)


def _begin(
    here: Course,
    learning: torch.optim.AdamW,
    average: Average,
    state: dict[str, Any] | None,
) -> None:
    """Hear with the base model, or take up what an earlier run came to."""
    here.report(Progress("Listening with the base model", 0, 0))
    if state is None:
        listening.check_transcripts(here.net, here.reader, here.lessons, here.seed)
        _note(here, _look(here, 0, None))
        return
    network.restore(here.net, state["weights"])
    learning.load_state_dict(state["learning"])
    average.take_up(state["average"])
    for passed in state["passes"]:
        _note(here, Pass(**passed))


def _look(here: Course, number: int, loss: float | None) -> Pass:
    """How well the held-out clips are heard now."""
    nats, found = listening.look(here.net, here.reader, here.held_out)
    return Pass(number, loss, nats, found.errors, found.words)


def _best(here: Course) -> int:
    """The last pass that hears the held-out clips as well as any, but for chance;
    the last of all where nothing is held out. 0 is the base model.

    Of passes that are as good to a few clips, a later one learnt at lower rates, and
    is better to new speakers: to take the one that is ahead by a word or two made
    models twice as bad to a speaker who was in none of the clips.
    """
    if not here.held_out:
        return len(here.passes) - 1
    most = _within_chance(p.errors for p in here.passes)
    return max(p.number for p in here.passes if p.errors <= most)


def _within_chance(errors: Iterable[int]) -> float:
    """The fewest errors and a standard deviation more, as counts of rare things have.

    >>> _within_chance([9, 4, 7]), _within_chance([0, 3])
    (6.0, 0.0)
    """
    fewest = min(errors)
    return fewest + math.sqrt(fewest)


def _is_over(here: Course) -> bool:
    done = len(here.passes) - 1
    return done == here.timetable.passes or done - _best(here) >= here.settings.patience


def _note(here: Course, passed: Pass) -> None:
    here.passes.append(passed)
    table = here.timetable
    done = table.until(passed.number)
    here.report(Progress(f"Pass {passed.number} is done", done, table.total, passed))


def _blend(here: Course, base: network.Learnt) -> float:
    """Take back part of what was learnt where that does no harm.

    Weights between those of the base and the trained ones forget less and often
    hear new speakers better (Wortsman et al. 2022, arXiv:2109.01903). Gives the
    share that was kept: the smallest that the held-out clips do not suffer from, but
    for chance.
    """
    learnt = network.learnt(here.net)
    if not here.held_out:
        network.restore(here.net, network.between(base, learnt, _UNSEEN_SHARE))
        return _UNSEEN_SHARE
    found: list[tuple[int, float]] = []
    for share in here.settings.kept:
        network.restore(here.net, network.between(base, learnt, share))
        look = _look(here, 0, None)
        found.append((look.errors, share))
    most = _within_chance(errors for errors, _ in found)
    share = min(share for errors, share in found if errors <= most)
    network.restore(here.net, network.between(base, learnt, share))
    return share


def _digest(here: Course) -> str:
    """Of all that decides what is learnt."""
    lessons = [
        (e.path.name, e.text) for e in (*here.lessons, *here.held_out, *here.spoken)
    ]
    plain = repr((here.seed, here.settings, here.net.config.to_dict(), lessons))
    return hashlib.sha256(plain.encode()).hexdigest()


def _recorded(here: Course, share: float, threads: int) -> dict[str, Any]:
    """The settings, and what came of them, as the recipe keeps them."""
    table = here.timetable
    return {
        **asdict(here.settings),
        "planned": {
            "passes": table.passes,
            "steps": table.total,
            "windows": sum(map(len, table.plans)),
        },
        "gone_through": len(here.passes) - 1,
        "share_kept": share,
        "lessons": len(here.lessons),
        "held_out_heard_after_each_pass": len(here.held_out),
        "sentences_spoken": len(here.spoken),
        "device": str(here.reader.device),
        "threads": threads,
    }


def _notes(here: Course, read: int) -> list[str]:
    if read:
        return [
            f"Of the text, as it weighs, the machine spoke {read} sentence"
            f"{'' if read == 1 else 's'} between the recordings; a model that learns "
            "from recordings takes no more of it."
        ]
    if here.spoken:
        return []
    return [
        "There is no voice for this language that could speak sentences "
        "between the lessons: test the model on general speech as well."
    ]
