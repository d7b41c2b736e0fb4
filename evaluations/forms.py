from __future__ import annotations

from typing import Any

from django import forms

from datasets.models import Dataset
from evaluations.models import Evaluation
from projects.choices import RowField, RowsField
from projects.models import Project
from training.models import SpeechModel
from training.offers import audible, testable
from training.services import usable

MAX_MODELS = 8


def _model_field() -> RowsField:
    return RowsField(
        SpeechModel.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        what="model",
        error_messages={"required": "Choose at least one model."},
    )


class RenameForm(forms.ModelForm):
    class Meta:
        model = Evaluation
        fields = ["name", "description"]
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}


class EvaluationForm(RenameForm):
    """All answers of the wizard for a new test; each step shows a few."""

    kind = forms.ChoiceField(
        choices=Evaluation.Kind.choices,
        required=False,
        error_messages={"invalid_choice": "Choose what to test."},
    )
    dataset = RowField(
        Dataset.objects.none(),
        empty_label=None,
        widget=forms.RadioSelect,
        what="dataset",
        error_messages={"required": "Choose the dataset to test on."},
    )
    models = _model_field()

    # Made with the review: whoever sends it twice gets one test.
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    field_order = ["kind", "dataset", "models", "name", "description"]

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.datasets = audible(project) if self.inspects else testable(project)
        self.fields["dataset"].queryset = self.datasets  # type: ignore[attr-defined]
        self.fields["models"].queryset = SpeechModel.objects.filter(  # type: ignore[attr-defined]
            pk__in=[model.pk for model in usable(project)]
        )

    @property
    def inspects(self) -> bool:
        """Whether the test is to be an inspection."""
        return bool(self["kind"].value() == Evaluation.Kind.INSPECTION)

    def clean_kind(self) -> str:
        return self.cleaned_data["kind"] or Evaluation.Kind.ACCURACY

    def clean_models(self) -> list[SpeechModel]:
        return _not_too_many(list(self.cleaned_data["models"]))


class ModelsForm(forms.Form):
    """More models for a test."""

    models = _model_field()

    def __init__(self, *args: Any, evaluation: Evaluation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._there = evaluation.candidates.count()
        taking_part = set(evaluation.candidates.values_list("model", flat=True))
        self.offered = [
            model for model in usable(evaluation.project) if model.pk not in taking_part
        ]
        self.fields["models"].queryset = SpeechModel.objects.filter(  # type: ignore[attr-defined]
            pk__in=[model.pk for model in self.offered]
        )

    def clean_models(self) -> list[SpeechModel]:
        return _not_too_many(list(self.cleaned_data["models"]), self._there)


def _not_too_many(models: list[SpeechModel], there: int = 0) -> list[SpeechModel]:
    if len(models) + there > MAX_MODELS:
        raise forms.ValidationError(
            f"At most {MAX_MODELS} models can be compared in one test."
        )
    return models
