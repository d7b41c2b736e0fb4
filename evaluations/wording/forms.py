from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import QueryDict

from projects.models import Project
from scoring import equivalences, terms
from scoring.equivalences import LineError
from scoring.normalization import unit

_Parse = Callable[[str, str], tuple[tuple[Any, ...], tuple[LineError, ...]]]
_PARSE: dict[str, _Parse] = {
    "equivalences": equivalences.parse,
    "terms": terms.parse,
}
_LABELS = {"equivalences": "One equivalence a line", "terms": "One term a line"}
_MOST_ERRORS = 20


class LinesForm(forms.Form):
    """A list of the project's words as a text: `name` is its field of the project."""

    text = forms.CharField(
        required=False,
        strip=False,  # or the numbers of the lines would change
        max_length=100_000,
        widget=forms.Textarea(
            attrs={
                "rows": 12,
                "class": "mono",
                "spellcheck": "false",
                "autocapitalize": "off",
            }
        ),
    )
    # What the text was like when the form was opened: `services.version`.
    started = forms.CharField(widget=forms.HiddenInput)

    def __init__(
        self, name: str, project: Project, data: QueryDict | None = None
    ) -> None:
        text = getattr(project, name)
        super().__init__(data, prefix=name, initial={"text": text})
        self.name = name
        self.locale = project.locale
        self.fields["text"].label = _LABELS[name]
        self.fields["text"].help_text = _help(name, project.locale)

    def clean_text(self) -> str:
        """Lines end as they are stored; all of them can be used."""
        text = "\n".join(self.cleaned_data["text"].splitlines())
        problems = self.problems(text)
        if problems:
            raise forms.ValidationError(problems)
        return text

    def problems(self, text: str) -> list[str]:
        """What is wrong with lines of a text."""
        errors = _PARSE[self.name](text, self.locale)[1]
        said = [f"Line {error.line:,}: {error.message}" for error in errors]
        more = len(said) - _MOST_ERRORS
        return said[:_MOST_ERRORS] + ([f"And {more:,} more."] if more > 0 else [])

    def repeated(self) -> int:
        """How many lines of what was sent repeat others."""
        text = self.cleaned_data["text"]
        lines = sum(1 for line in text.splitlines() if line.strip())
        return lines - len(_PARSE[self.name](text, self.locale)[0])


def _help(name: str, locale: str) -> str:
    if name == "terms":
        return (
            f"At most {terms.MOST_TERMS:,} lines of {terms.MOST_WORDS} {unit(locale)}s."
        )
    return f"At most {equivalences.MOST_LINES:,} lines, such as “okay = ok”."
