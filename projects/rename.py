from __future__ import annotations

from typing import Any

from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpResponse
from django.shortcuts import render

from projects.requests import Request


def rename_page(
    request: Request, thing: Model, form: ModelForm, ctx: dict[str, Any]
) -> HttpResponse:
    """The page that changes the name and description of anything with a list.

    `ctx` names the project, the room, and the list's title and address.
    """
    if form.errors:
        # The form has written what is wrong into the row that the page shows.
        thing.refresh_from_db(fields=list(form.fields))
    ctx |= {"thing": thing, "form": form}
    status = 422 if form.errors else 200
    return render(request, "shared/rename.html", ctx, status=status)
