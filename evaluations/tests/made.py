"""Tests that have ended, made in a moment: what each model hears is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from datasets.models import Dataset
from engines.base import Clip, Decoding, EngineError, Transcript
from engines.fake import FakeEngine
from evaluations.models import Evaluation
from projects.models import Project
from speechstudio.test import fake_engine, make_evaluation, make_model
from training.models import SpeechModel

SAID = "one two three four five"
# Errors that anybody can count: one of five words missing, or taken for another.
MISSING, TAKEN, RIGHT = "one two three four", "one two three four nine", SAID


class ByModel(FakeEngine):
    """Hears in each clip what is given for the model's reference; fails at None."""

    def __init__(self, heard: Mapping[str, Sequence[str | None]]) -> None:
        super().__init__()
        self._heard = heard

    def transcribe(
        self, reference: str, clips: Sequence[Clip], options: Decoding
    ) -> Iterator[Transcript]:
        texts = self._heard[reference]
        for clip in clips:
            text = texts[int(clip.key) - 1]
            if text is None:
                error = EngineError("The audio could not be read.", "BadAudio")
                yield Transcript(clip.key, "", error=error)
            else:
                yield self._hear(clip, {clip.key: text}, options)


def make_finished(
    project: Project,
    dataset: Dataset,
    heard: Mapping[SpeechModel, Sequence[str | None]],
    name: str = "Test of March",
    created: datetime | None = None,
) -> Evaluation:
    """`heard` are the models in their order with what each hears, clip by clip."""
    evaluation = make_evaluation(project, dataset, list(heard), name)
    engine = ByModel({model.reference: texts for model, texts in heard.items()})
    with fake_engine(engine):
        evaluation.enqueue()
    if created:
        Evaluation.objects.filter(pk=evaluation.pk).update(created=created)
    evaluation.refresh_from_db()
    assert evaluation.status == Evaluation.Status.SUCCEEDED, evaluation.error
    return evaluation


def make_custom(
    project: Project, base: SpeechModel, name: str, created: datetime | None = None
) -> SpeechModel:
    fields = {"created": created} if created else {}
    return make_model(
        name, project=project, base=base, reference=f"custom:{name}", **fields
    )
