from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from datasets.models import Dataset
from editor.models import EditorSet, Export, Replacement
from projects.models import Project
from training.models import SpeechModel
from training.services import usable_here

NO_DRAFTS = "none"


class RenameForm(forms.ModelForm):
    class Meta:
        model = EditorSet
        fields = ["name", "description"]
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}


class ImportForm(RenameForm):
    """All answers of the wizard for an import; each step shows a few."""

    datasets = forms.ModelMultipleChoiceField(
        Dataset.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one dataset."},
    )
    # A model's key, or that there are to be none.
    drafts = forms.ChoiceField(
        error_messages={"required": "Say who writes the drafts, or that nobody does."}
    )

    # Made with the review: whoever sends it twice gets one set.
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    field_order = ["datasets", "drafts", "name", "description"]

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._models = {str(model.pk): model for model in usable_here(project)}
        self.fields["datasets"].queryset = importable(project)  # type: ignore[attr-defined]
        self.fields["drafts"].choices = [  # type: ignore[attr-defined]
            (NO_DRAFTS, "No drafts"),
            *((key, model.name) for key, model in self._models.items()),
        ]

    @property
    def model(self) -> SpeechModel | None:
        """The one that was chosen."""
        return self._models.get(self.cleaned_data["drafts"])


class ExportForm(forms.ModelForm):
    class Meta:
        model = Export
        fields = ["name", "use", "description"]
        widgets = {
            "use": forms.RadioSelect,
            "description": forms.Textarea(attrs={"rows": 3}),
        }

    # Made with the page: whoever sends it twice gets one dataset.
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)


class ReplaceForm(forms.ModelForm):
    is_case = forms.BooleanField(required=False, label="Same capitals")
    is_word = forms.BooleanField(required=False, label="Whole words only")

    class Meta:
        model = Replacement
        fields = ["find", "replace"]
        labels = {"replace": "Replace with"}


class DeedForm(forms.Form):
    """What the page of a recording sends; each deed needs some of it."""

    segment = forms.IntegerField(required=False)
    version = forms.IntegerField(required=False)
    next_version = forms.IntegerField(required=False)
    revision = forms.IntegerField(required=False)
    text = forms.CharField(required=False, strip=False)
    head = forms.CharField(required=False)
    tail = forms.CharField(required=False)
    at = forms.FloatField(required=False)  # seconds
    min_silence = forms.FloatField(required=False, min_value=0.1, max_value=10)
    model = forms.UUIDField(required=False)
    is_done = forms.BooleanField(required=False)


def importable(project: Project) -> QuerySet[Dataset]:
    """The datasets of the project that have recordings."""
    return project.datasets.filter(
        kind__in=[Dataset.Kind.AUDIO, Dataset.Kind.ACOUSTIC],
        status=Dataset.Status.SUCCEEDED,
        accepted__gt=0,
    )
