from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from endpoints.models import Endpoint
from endpoints.services import offers
from projects.choices import RowField
from projects.models import Project
from training.models import SpeechModel


class RenameForm(forms.ModelForm):
    class Meta:
        model = Endpoint
        fields = ["name", "description"]
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}


class ChooseModelForm(forms.Form):
    """Which model is to answer."""

    model = RowField(
        SpeechModel.objects.none(),
        empty_label=None,
        widget=forms.RadioSelect,
        what="model",
        error_messages={"required": "Choose the model to deploy."},
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project
        # Asked once: a page shows what the form checks.
        self.offers = offers(project)
        rows = SpeechModel.objects.filter(pk__in=[o.model.pk for o in self.offers])
        self.fields["model"].queryset = rows  # type: ignore[attr-defined]

    def clean_model(self) -> SpeechModel:
        chosen: SpeechModel = self.cleaned_data["model"]
        for offer in self.offers:
            if offer.model == chosen and offer.why_not:
                raise ValidationError(f"“{chosen.name}”: {offer.why_not}")
        return chosen


class DeployForm(ChooseModelForm, RenameForm):
    """All answers of the wizard for a new endpoint; each step shows a few."""

    # Made with the review: whoever sends it twice gets one endpoint.
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    class Meta(RenameForm.Meta):
        fields = ["name", "description", "logging_enabled"]
        help_texts = {
            "logging_enabled": "Audio and transcripts of all requests are kept for 30 "
            "days, to see how well the model does and to make new data of them. Tell "
            "those who speak. It can be switched on and off later.",
        }
