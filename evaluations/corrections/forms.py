from __future__ import annotations

from django import forms

from datasets.models import Dataset


class VersionForm(forms.ModelForm):
    """The name of a new version."""

    class Meta:
        model = Dataset
        fields = ("name",)
        labels = {"name": "Name of the new version"}
