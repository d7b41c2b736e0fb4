"""What all wizards share: steps of which each has its own address.

What was answered so far travels in the address, so that Back, a reload and a
sent link keep it, and two tabs do not mix.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.forms import BaseForm, BoundField
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

_NOT_ANSWERS = ("tried", "key", "csrfmiddlewaretoken")


@dataclass(frozen=True)
class Step:
    slug: str
    title: str
    address: str
    url: str  # the same with all answers
    state: str  # "done", "current" or "todo"


@dataclass(frozen=True)
class Wizard:
    """The steps of one wizard: for each slug its title and the fields it asks for.

    `url_name` is the address of a step; it takes the project and the slug.
    """

    url_name: str
    parts: Mapping[str, tuple[str, tuple[str, ...]]]

    def check(self, step: str) -> None:
        if step not in self.parts:
            raise Http404("No such step.")

    def first_wrong(self, form: BaseForm, before: str) -> str | None:
        """The first step ahead of `before` whose answers are missing or wrong."""
        for slug, (_, fields) in self.parts.items():
            if slug == before:
                return None
            if any(name in form.errors for name in fields):
                return slug
        return None

    def detour(
        self, request: HttpRequest, project_id: UUID, form: BaseForm, step: str
    ) -> HttpResponse | None:
        """To the first step before this one whose answers are missing or wrong, if any.

        Of the step itself no error is shown before somebody has tried to go on.
        """
        if wrong := self.first_wrong(form, before=step):
            return redirect(self.address(request, project_id, wrong, tried="1"))
        if "tried" not in request.GET:
            form.errors.clear()
        return None

    def context(
        self, request: HttpRequest, project_id: UUID, form: BaseForm, step: str
    ) -> dict[str, Any]:
        """What the page of a step needs. `key` is that of what is going to be made: a
        form that is sent twice makes one."""
        return {
            "form": form,
            "step": step,
            "steps": self.steps(request, project_id, step),
            "hidden": self.hidden(form, step),
            "key": uuid4(),
        }

    def steps(self, request: HttpRequest, project_id: UUID, current: str) -> list[Step]:
        slugs = list(self.parts)
        here = slugs.index(current)
        return [
            Step(
                slug,
                self.parts[slug][0],
                reverse(self.url_name, args=[project_id, slug]),
                self.address(request, project_id, slug) if i < here else "",
                "done" if i < here else "current" if i == here else "todo",
            )
            for i, slug in enumerate(slugs)
        ]

    def hidden(self, form: BaseForm, step: str) -> list[BoundField]:
        """The answers of the other steps, to travel along."""
        asked = (*self.parts[step][1], "key")
        return [form[n] for n in form.fields if n not in asked and n in form.data]

    def address(
        self, request: HttpRequest, project_id: UUID, step: str, **more: str
    ) -> str:
        """Of a step, with all answers and `more`; what is empty there is taken out."""
        answers = (request.POST or request.GET).copy()
        for name in (*_NOT_ANSWERS, *more):
            answers.pop(name, None)
        for name, value in more.items():
            if value:
                answers[name] = value
        query = f"?{answers.urlencode()}" if answers else ""
        return reverse(self.url_name, args=[project_id, step]) + query
