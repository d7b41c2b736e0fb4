from __future__ import annotations

from typing import Any

from django import forms

from datasets.models import Dataset
from evaluations.models import Evaluation
from projects.choices import RowField, RowsField
from projects.models import Project
from training.models import SpeechModel
from training.offers import testable
from training.services import usable

MAX_MODELS = 8


class RenameForm(forms.ModelForm):
    class Meta:
        model = Evaluation
        fields = ["name", "description"]
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}


class EvaluationForm(RenameForm):
    """All answers of the wizard for a new test; each step shows a few."""

    dataset = RowField(
        Dataset.objects.none(),
        empty_label=None,
        widget=forms.RadioSelect,
        what="dataset",
        error_messages={"required": "Choose the dataset to test on."},
    )
    models = RowsField(
        SpeechModel.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        what="model",
        error_messages={"required": "Choose at least one model."},
    )

    # Made with the review: whoever sends it twice gets one test.
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    field_order = ["dataset", "models", "name", "description"]

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["dataset"].queryset = testable(project)  # type: ignore[attr-defined]
        self.fields["models"].queryset = SpeechModel.objects.filter(  # type: ignore[attr-defined]
            pk__in=[model.pk for model in usable(project)]
        )

    def clean_models(self) -> list[SpeechModel]:
        models = list(self.cleaned_data["models"])
        if len(models) > MAX_MODELS:
            raise forms.ValidationError(
                f"At most {MAX_MODELS} models can be compared in one test."
            )
        return models
