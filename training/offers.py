"""What a training can be made of: base models, data, and why some of it is not."""

from __future__ import annotations

from django.db.models import Case, F, QuerySet, Value, When

from datasets.kinds import BY_VALUE
from datasets.models import Dataset
from projects.models import Project
from training.models import SpeechModel

_KINDS = [
    value for value, kind in BY_VALUE.items() if Dataset.Use.TRAINING in kind.uses
]
_TESTS = (Dataset.Kind.ACOUSTIC, Dataset.Kind.TRANSCRIPT)
# The words for what a base model can be adapted with, in brackets behind its name.
_ABILITIES = {
    "audio + transcript": (Dataset.Kind.ACOUSTIC,),
    "audio": (Dataset.Kind.AUDIO,),
    "text": (Dataset.Kind.PLAIN_TEXT, Dataset.Kind.STRUCTURED_TEXT),
    "pronunciation": (Dataset.Kind.PRONUNCIATION,),
    "output format": (Dataset.Kind.OUTPUT_FORMAT,),
}


def on_offer(project: Project) -> list[SpeechModel]:
    """The base models on offer that speak its language, newest first; those that came
    out together are in the order of the settings."""
    offered = SpeechModel.objects.filter(
        engine=project.engine, project=None, is_offered=True
    )
    newest = offered.order_by(F("released").desc(nulls_last=True), "created", "name")
    return [base for base in newest if base.speaks(project.locale)]


def bases(project: Project) -> list[SpeechModel]:
    """The base models that can be trained from, newest first."""
    able = [base for base in on_offer(project) if base.adapts_with]
    return [base for base in able if not why_not_base(project, base)]


def why_not_base(project: Project, base: SpeechModel) -> str:
    """Why this project cannot train from it; empty when it can."""
    if base.is_custom:
        return (
            "A custom model cannot be trained further. Train from its base model, with "
            "the old and the new data together."
        )
    if base.engine != project.engine or not base.speaks(project.locale):
        return f"{base.name} does not speak {project.language}."
    if base.is_past_adaptation:
        return f"{base.name} has expired for adaptation. Choose a newer base model."
    return ""


def why_not_data(project: Project, base: SpeechModel, dataset: Dataset) -> str:
    """Why this base model cannot learn from the dataset; empty when it can."""
    if not BY_VALUE[dataset.kind].is_offered(Dataset.Use.TRAINING, project.locale):
        return f"This type of data does not train models for {project.language}."
    if not base.adapts(dataset.kind) and not takes_text_alone(base, dataset):
        return f"{base.name} cannot be adapted with this type of data."
    return ""


def takes_text_alone(base: SpeechModel, dataset: Dataset) -> bool:
    """Whether it learns from the transcripts of the dataset, but not from its audio."""
    learns_words = base.adapts(Dataset.Kind.PLAIN_TEXT)
    return dataset.has_transcripts and learns_words and not base.adapts(dataset.kind)


def abilities(base: SpeechModel) -> str:
    """What it can be adapted with, in words.

    >>> abilities(SpeechModel(adapts_with="Language Acoustic"))
    'audio + transcript, text'
    """
    return ", ".join(
        words for words, kinds in _ABILITIES.items() if any(map(base.adapts, kinds))
    )


def trainable(project: Project) -> QuerySet[Dataset]:
    """The data that may train; what was uploaded for testing comes last."""
    testing = When(use=Dataset.Use.TESTING, then=Value(1))
    found = project.datasets.filter(kind__in=_KINDS, status=Dataset.Status.SUCCEEDED)
    return found.order_by(Case(testing, default=Value(0)), "-created")


def testable(project: Project) -> QuerySet[Dataset]:
    """The data that errors can be counted on, that for training last."""
    found = project.datasets.filter(kind__in=_TESTS, status=Dataset.Status.SUCCEEDED)
    return found.order_by("use", "-created")  # "", "testing", "training"


def audible(project: Project) -> QuerySet[Dataset]:
    """The data that can be listened to: audio, with transcripts or without."""
    kinds = (Dataset.Kind.AUDIO, *_TESTS)
    found = project.datasets.filter(kind__in=kinds, status=Dataset.Status.SUCCEEDED)
    return found.order_by("use", "-created")
