from __future__ import annotations

from typing import Any

from django import forms

from datasets.kinds import conflict
from datasets.models import Dataset
from engines.base import DEFAULT_TEXT_WEIGHT
from projects.choices import RowField, RowsField
from projects.models import Project
from training.models import SpeechModel
from training.offers import bases, testable, trainable, why_not_data

DEFAULT_SEED = 1


class RenameForm(forms.ModelForm):
    class Meta:
        model = SpeechModel
        fields = ["name", "description"]
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}


class TrainingForm(RenameForm):
    """All answers of the wizard for a new model; each step shows a few."""

    base = RowField(
        SpeechModel.objects.none(),
        empty_label=None,
        widget=forms.RadioSelect,
        what="base model",
        error_messages={"required": "Choose the base model to train from."},
    )
    datasets = RowsField(
        Dataset.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        what="dataset",
        error_messages={"required": "Choose the data to train on."},
    )
    text_weight = forms.IntegerField(
        min_value=1,
        max_value=100,
        required=False,
        label="Weight of the text",
        help_text="From 1 to 100, usually 30: how much the model trusts the sentences "
        "of your text against what it heard, and how many of them are spoken to it "
        "where it learns from recordings too. More helps with rare words and phrases; "
        "too much makes it hear them where nobody said them.",
    )
    seed = forms.IntegerField(
        min_value=0,
        max_value=2**31 - 1,
        required=False,
        label="Seed",
        help_text="The same data with the same seed gives the same model, on a machine "
        "of the same kind.",
    )
    tests = RowsField(
        Dataset.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        what="dataset",
    )
    guard = RowField(
        Dataset.objects.none(),
        required=False,
        empty_label="None",
        what="dataset",
        label="Guard",
        help_text="A dataset of general speech. Base and custom model are tested on "
        "it, and the model's page says when the custom one has become worse.",
    )

    # Made with the review: whoever sends it twice gets one model.
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    field_order = ["base", "datasets", "name", "description"]

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project
        # Asked once: a page shows what the form checks.
        self.bases = bases(project)
        self.trainable = list(trainable(project))
        self.testable = list(testable(project))
        self._offer("base", SpeechModel, self.bases)
        self._offer("datasets", Dataset, self.trainable)
        self._offer("tests", Dataset, self.testable)
        self._offer("guard", Dataset, self.testable)

    def _offer(self, name: str, kind: Any, rows: list[Any]) -> None:
        keys = [row.pk for row in rows]
        self.fields[name].queryset = kind.objects.filter(pk__in=keys)  # type: ignore[attr-defined]

    def clean_text_weight(self) -> int:
        return self.cleaned_data["text_weight"] or DEFAULT_TEXT_WEIGHT

    def clean_seed(self) -> int:
        seed: int | None = self.cleaned_data["seed"]
        return DEFAULT_SEED if seed is None else seed

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        chosen = list(cleaned.get("datasets") or [])
        problem = conflict(dataset.kind for dataset in chosen)
        if problem:
            self.add_error("datasets", problem)
        if base := cleaned.get("base"):
            for dataset in chosen:
                if reason := why_not_data(self.project, base, dataset):
                    self.add_error("datasets", f"“{dataset.name}”: {reason}")
        if "text_weight" in self.errors and not any(d.is_text for d in chosen):
            # It was asked for with other data, and is not asked for any more.
            del self.errors["text_weight"]
            cleaned["text_weight"] = DEFAULT_TEXT_WEIGHT
        self._clean_tests(cleaned, chosen)
        return cleaned

    def _clean_tests(self, cleaned: dict[str, Any], chosen: list[Dataset]) -> None:
        tests, guard = list(cleaned.get("tests") or []), cleaned.get("guard")
        for dataset in tests:
            if dataset in chosen:
                self.add_error("tests", _is_training(dataset))
        if guard in chosen:
            self.add_error("guard", _is_training(guard))
        elif guard and guard in tests:
            self.add_error(
                "guard", f"“{guard.name}” is a test already. Choose it only once."
            )


def _is_training(dataset: Dataset) -> str:
    return (
        f"“{dataset.name}” trains the model, and would be too easy a test. Choose data "
        "that it never heard."
    )
