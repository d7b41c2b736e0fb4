"""A large test of made-up speech, to see how the pages do with it."""

from __future__ import annotations

import io
import random
import wave
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from datasets.models import Dataset, Label, Loudness, Utterance
from engines.base import Decoding
from evaluations.evaluate import conclude
from evaluations.models import Candidate, Evaluation, Hypothesis, Item
from jobs.models import Job
from projects import services
from projects.models import Project
from training.models import SpeechModel

_BATCH = 2000
_FREQUENT = ("the", "a", "to", "of", "and", "in", "is", "it", "you", "that", "okay")
_SYLLABLES = ("me", "to", "pro", "lol", "car", "dia", "pa", "tient", "war", "in", "so")
_DEVICES = ("headset", "phone", "far microphone")
_MOST_SPEAKERS = 50
# Of each model the share of words that it has wrong; the last one is the best.
_WORST, _BEST = 0.25, 0.06


class Command(BaseCommand):
    help = "Make a project with a test of made-up speech. Prints the test's id."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--utterances", type=int, default=100_000)
        parser.add_argument("--models", type=int, default=3)
        parser.add_argument(
            "--owner", default="", help="user name; the first otherwise"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        utterances, models = options["utterances"], options["models"]
        if utterances < 1 or not 1 <= models <= 8:
            raise CommandError("At least one utterance, and one to eight models.")
        named = User.objects.filter(username=options["owner"])
        owner = (
            named.first() if options["owner"] else User.objects.order_by("pk").first()
        )
        if owner is None:
            raise CommandError("There is no such user.")
        chance = random.Random(1)
        with transaction.atomic():
            project = services.create(owner, f"Seeded: {utterances:,}", "en-US")
            dataset = _dataset(project, utterances, chance)
            evaluation = _evaluation(project, dataset)
            items = list(evaluation.items.select_related("utterance"))
            for position in range(1, models + 1):
                share = _WORST + (_BEST - _WORST) * (position - 1) / max(1, models - 1)
                candidate = _candidate(evaluation, position)
                _hear(candidate, items, share, chance)
            conclude(evaluation)
        self.stdout.write(str(evaluation.pk))


def _dataset(project: Project, size: int, chance: random.Random) -> Dataset:
    dataset = Dataset.objects.create(
        project=project,
        name="Made-up speech",
        source_name="none.zip",
        use=Dataset.Use.TESTING,
        status=Job.Status.SUCCEEDED,
        accepted=size,
    )
    # All have one recording of silence, so that a player has something to play.
    silence = ContentFile(_wav(seconds=1))
    audio = default_storage.save(f"{dataset.folder}/audio/silence.wav", silence)
    words = _vocabulary(chance)
    for start in range(0, size, _BATCH):
        places = range(start, min(start + _BATCH, size))
        rows = [_utterance(dataset, place, audio, words, chance) for place in places]
        Utterance.objects.bulk_create(rows)
        Loudness.objects.bulk_create(
            Loudness(utterance=row, peaks=chance.randbytes(400)) for row in rows
        )
        Label.objects.bulk_create(
            Label(dataset=dataset, utterance=row, name=name, value=value)
            for row in rows
            for name, value in row.labels.items()
        )
        dataset.seconds += sum(row.seconds for row in rows)
    dataset.save()
    return dataset


def _utterance(
    dataset: Dataset,
    place: int,
    audio: str,
    words: Sequence[str],
    chance: random.Random,
) -> Utterance:
    said = chance.choices(words, k=chance.randint(3, 15))
    # Some rare words come back with their speaker, as people have their subjects.
    speaker = f"speaker {chance.randrange(_MOST_SPEAKERS) + 1:02}"
    return Utterance(
        dataset=dataset,
        position=place + 1,
        name=f"call_{chance.randrange(10**9):09}.wav",
        audio=audio,
        transcript=" ".join(said),
        words=len(said),
        seconds=round(len(said) * chance.uniform(0.25, 0.6) + 0.3, 2),
        speaker=speaker,
        labels={"speaker": speaker, "device": chance.choice(_DEVICES)},
        level_dbfs=chance.uniform(-50, -10),
        snr_db=chance.uniform(5, 60),
        clipping=0,
        silence=chance.random(),
        audio_hash=chance.getrandbits(62),
    )


def _evaluation(project: Project, dataset: Dataset) -> Evaluation:
    evaluation = Evaluation.objects.create(
        project=project, dataset=dataset, name="Seeded test"
    )
    keys = dataset.utterances.values_list("pk", "position")
    Item.objects.bulk_create(
        (
            Item(evaluation=evaluation, utterance_id=key, position=position)
            for key, position in keys.iterator(_BATCH)
        ),
        batch_size=_BATCH,
    )
    evaluation.start()
    return evaluation


def _candidate(evaluation: Evaluation, position: int) -> Candidate:
    """A model of the project that is only a name: nothing can be recognised with it."""
    base = SpeechModel.objects.filter(project=None).first()
    model = SpeechModel.objects.create(
        project=evaluation.project,
        base=base,
        name=f"seeded-{position}",
        reference=f"seeded/{evaluation.pk}/{position}",
        status=Job.Status.SUCCEEDED,
    )
    return Candidate.objects.create(
        evaluation=evaluation,
        model=model,
        position=position,
        decoding=Decoding(evaluation.project.locale).settings,
    )


def _hear(
    candidate: Candidate, items: Sequence[Item], wrong: float, chance: random.Random
) -> None:
    words = _vocabulary(random.Random(1))
    Hypothesis.objects.bulk_create(
        (_hypothesis(candidate, item, wrong, words, chance) for item in items),
        batch_size=_BATCH,
    )


def _hypothesis(
    candidate: Candidate,
    item: Item,
    wrong: float,
    words: Sequence[str],
    chance: random.Random,
) -> Hypothesis:
    said = item.utterance.transcript.split()
    heard = list(_misheard(said, wrong, words, chance))
    step = item.utterance.seconds / max(1, len(heard))
    timings = [
        [word, round(i * step, 2), round((i + 1) * step, 2), round(sure, 3)]
        for i, (word, sure) in enumerate(heard)
    ]
    text = " ".join(word for word, _ in heard)
    return Hypothesis(candidate=candidate, item=item, text=text, timings=timings)


def _misheard(
    said: Sequence[str], wrong: float, words: Sequence[str], chance: random.Random
) -> Iterator[tuple[str, float]]:
    """Each word as it was heard, and how sure the model was."""
    for word in said:
        fate = chance.random() / wrong
        if fate > 1:
            yield word, chance.uniform(0.6, 1)
        elif fate < 0.6:
            yield chance.choice(words), chance.uniform(0.2, 0.9)
        elif fate > 0.8:
            yield word, chance.uniform(0.5, 1)
            yield chance.choice(words), chance.uniform(0.1, 0.8)


def _vocabulary(chance: random.Random) -> list[str]:
    """Twenty thousand words, of which some are frequent."""
    rare = {
        "".join(chance.choices(_SYLLABLES, k=chance.randint(2, 5)))
        for _ in range(30_000)
    }
    return [*_FREQUENT * 400, *sorted(rare)[:20_000]]


def _wav(seconds: int) -> bytes:
    """Silence as 16 kHz mono, 16 bits a sample."""

    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        out.writeframes(bytes(2 * 16_000 * seconds))
    return file.getvalue()
