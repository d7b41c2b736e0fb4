from __future__ import annotations

from django import forms

from api.models import WebHook


class NameForm(forms.ModelForm):
    class Meta:
        model = WebHook
        fields = ["name", "description"]
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}
