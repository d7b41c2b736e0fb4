"""The leakage guard: what test data shares with training data of the same project.

Whatever was uploaded for testing, or for no use in particular, is compared with
whatever may train. `datasets.similar` says what counts as the same. Recordings
without text are compared by audio and speaker only; the sentences of plain and
structured text by text only. The import does it:

    comparison = Comparison(dataset, seen, content, beat)
    comparison.run()  # takes its time, before the transaction that ends the import
    with transaction.atomic():
        ...  # the utterances are written, the dataset succeeds
        comparison.store()

Two imports may end at the same time, neither of them seeing the other. `store`
locks the project, so that one comes after the other, and compares with what
succeeded meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from django.db.models import Q

from datasets.content import open_content
from datasets.models import Dataset, Overlap, Utterance
from datasets.seen import Seen
from datasets.similar import Index, Kind, Place
from projects.models import Project

MAX_EXAMPLES = 20
_MAX_OF_A_KIND = 8
_MAX_SHOWN = 200  # characters of a text in an example
_PORTION = 50_000  # utterances of tests that are in memory at once, some 60 MB
_BEAT = 1_000  # items between two signs of life
_COLUMNS = ("position", "name", "transcript", "audio_hash", "speaker")


@dataclass(frozen=True, slots=True)
class _Item:
    """One utterance, or one sentence of a text."""

    position: int  # from 1; a sentence's line
    name: str
    text: str
    audio_hash: int | None = None
    speaker: str = ""


@dataclass(frozen=True)
class _Source:
    """A dataset, and how to read what it holds."""

    dataset: Dataset
    read: Callable[[], Iterator[_Item]]


@dataclass
class _Pair:
    """What one test shares with one training dataset."""

    found: dict[Kind, set[int]] = field(
        default_factory=lambda: {"audio": set(), "text": set(), "speaker": set()}
    )
    examples: list[dict[str, Any]] = field(default_factory=list)

    def add(self, kind: Kind, place: Place, other_name: str, other_text: str) -> None:
        if place.position in self.found[kind]:
            return
        self.found[kind].add(place.position)
        if len(self.found[kind]) > _MAX_OF_A_KIND or len(self.examples) == MAX_EXAMPLES:
            return
        self.examples.append(
            {
                "kind": kind,
                "utterance": place.position,
                "name": place.name,
                "text": place.text[:_MAX_SHOWN],
                "other_name": other_name,
                "other_text": other_text[:_MAX_SHOWN],
            }
        )


class Comparison:
    """A dataset that is about to succeed, against all others of its project.

    `content` is its content file when it is a text. `beat` is called every
    thousand items; what it raises ends the work.
    """

    def __init__(
        self,
        dataset: Dataset,
        utterances: Sequence[Seen] = (),
        content: Path | None = None,
        beat: Callable[[], object] = lambda: None,
    ) -> None:
        self.dataset = dataset
        self.beat = beat
        self._own = _Source(dataset, lambda: _of_import(utterances, content))
        self._compared: set[UUID] = set()
        self._pairs: dict[tuple[UUID, UUID], _Pair] = {}

    def run(self) -> None:
        """Compare with those that have succeeded and were not compared yet."""
        others = [
            _Source(other, partial(_of_stored, other))
            for other in Dataset.objects.filter(
                project=self.dataset.project_id, status=Dataset.Status.SUCCEEDED
            ).exclude(pk__in=[self.dataset.pk, *self._compared])
        ]
        self._compared.update(other.dataset.pk for other in others)
        for tests, trainings in (([self._own], others), (others, [self._own])):
            self._compare(
                [source for source in tests if _may_test(source.dataset)],
                [source for source in trainings if _may_train(source.dataset)],
            )

    def store(self) -> None:
        """Write the rows. To be called in the transaction that ends the import,
        after its first write and before the dataset succeeds."""
        Project.objects.select_for_update().get(pk=self.dataset.project_id)
        self.run()
        ours = Q(testing=self.dataset) | Q(training=self.dataset)
        Overlap.objects.filter(ours).delete()
        alive = set(
            Dataset.objects.select_for_update()
            .filter(pk__in=[self.dataset.pk, *self._compared])
            .values_list("pk", flat=True)
        )
        Overlap.objects.bulk_create(
            Overlap(
                testing_id=testing,
                training_id=training,
                audio=len(pair.found["audio"]),
                text=len(pair.found["text"]),
                speaker=len(pair.found["speaker"]),
                examples=pair.examples,
            )
            for (testing, training), pair in self._pairs.items()
            if {testing, training} <= alive
        )

    def _compare(self, tests: list[_Source], trainings: list[_Source]) -> None:
        if not trainings:
            return
        for tested in _portions(tests, self.dataset.project.locale):
            for training in trainings:
                self._match(tests, tested, training)

    def _match(self, tests: list[_Source], tested: Index, training: _Source) -> None:
        known: set[int] = set()
        speakers: set[str] = set()
        for number, item in enumerate(training.read()):
            if number % _BEAT == 0:
                self.beat()
            for group in tested.same_audio(item.audio_hash, known):
                self._add("audio", tests, tested.places[group], training, item)
                known.add(group)
            for group in tested.same_text(item.text, known):
                self._add("text", tests, tested.places[group], training, item)
                known.add(group)
            if item.speaker in tested.speakers and item.speaker not in speakers:
                places = tested.speakers[item.speaker]
                self._add("speaker", tests, places, training, item)
                speakers.add(item.speaker)

    def _add(
        self,
        kind: Kind,
        tests: list[_Source],
        places: Iterable[Place],
        training: _Source,
        item: _Item,
    ) -> None:
        other_text = item.speaker if kind == "speaker" else item.text
        for place in places:
            key = (tests[place.owner].dataset.pk, training.dataset.pk)
            pair = self._pairs.setdefault(key, _Pair())
            pair.add(kind, place, item.name, other_text)


@dataclass(frozen=True)
class Leak:
    """What a page says of a dataset and another one."""

    sentence: str
    other: Dataset
    examples: list[dict[str, Any]]  # as in `Overlap`

    @property
    def url(self) -> str:
        return self.other.get_absolute_url()


def warnings_for(dataset: Dataset, *, as_test: bool = False) -> list[Leak]:
    """What the dataset shares with others, or with `as_test` only what would make
    its use as a test too easy. Each other dataset is named once."""
    ours = Q(testing=dataset)
    if not as_test:
        ours |= Q(training=dataset)
    leaks: dict[UUID, Leak] = {}
    rows = Overlap.objects.filter(ours).select_related("testing", "training")
    for row in rows.order_by("-audio", "-text", "-speaker", "id"):
        other = row.training if row.testing_id == dataset.pk else row.testing
        leaks.setdefault(other.pk, Leak(sentence(row), other, row.examples))
    return list(leaks.values())


def sentence(overlap: Overlap) -> str:
    """One overlap in words, with the names of both datasets."""
    total = overlap.testing.accepted
    counts = (
        (overlap.audio, "the same audio"),
        (overlap.text, "the same or nearly the same text"),
        (overlap.speaker, "the same speaker"),
    )
    parts = [
        f"{count:,} {'has' if count == 1 else 'have'} {what}"
        for count, what in counts
        if count
    ]
    shared = " and ".join([", ".join(parts[:-1]), parts[-1]] if parts[1:] else parts)
    return (
        f"Of the {total:,} utterances of “{overlap.testing.name}” {shared} as "
        f"“{overlap.training.name}”. A model trained on these is tested too easily."
    )


def _may_test(dataset: Dataset) -> bool:
    return dataset.use != Dataset.Use.TRAINING and dataset.has_audio


def _may_train(dataset: Dataset) -> bool:
    trains = dataset.has_audio or dataset.is_text
    return trains and dataset.use != Dataset.Use.TESTING


def _portions(tests: list[_Source], locale: str) -> Iterator[Index]:
    """The utterances of the tests, so many at a time as fit into memory."""
    tested = Index(locale)
    for owner, test in enumerate(tests):
        for item in test.read():
            place = Place(owner, item.position, item.name, item.text)
            tested.add(place, item.audio_hash, item.speaker)
            if tested.count == _PORTION:
                yield tested
                tested = Index(locale)
    if tested.count:
        yield tested


def _of_import(utterances: Sequence[Seen], content: Path | None) -> Iterator[_Item]:
    for u in utterances:
        yield _Item(u.position + 1, u.name, u.transcript, u.audio_hash, u.speaker)
    if content is not None:
        with content.open("rb") as file:
            yield from _sentences(file)


def _of_stored(dataset: Dataset) -> Iterator[_Item]:
    """Nothing when it was deleted meanwhile."""
    if dataset.has_audio:
        rows = Utterance.objects.filter(dataset=dataset).order_by("position")
        for row in rows.values_list(*_COLUMNS).iterator(chunk_size=2_000):
            yield _Item(*row)
    elif dataset.content_file:
        try:
            file = dataset.content_file.open("rb")
        except FileNotFoundError:
            return
        with file:
            yield from _sentences(file)


def _sentences(file: IO[bytes]) -> Iterator[_Item]:
    for entry in open_content(file).get("sentence", ()):
        yield _Item(entry.line, f"line {entry.line:,}", entry.text)
