"""What the administrator of the installation does with Speech resources."""

from __future__ import annotations

from django.db import transaction
from django.utils.text import slugify
from django.utils.timezone import now

from engines.azure.errors import AzureError, Kind
from engines.azure.retry import Patience
from engines.registry import OURS
from resources.connection import client_of
from resources.models import Resource
from resources.vault import seal

# Somebody waits for the answer.
_PATIENCE = Patience(tries=2, total=15, silence=8)
_ADVICE = {
    Kind.KEY: "Each resource has keys of its own: check that this one belongs to the "
    "resource and its region, and was not renewed.",
    Kind.FORBIDDEN: "The key is known, but the resource lets it do nothing from here: "
    "check its network rules.",
    Kind.GONE: "There is no Speech to text API at this endpoint. Check its address.",
    Kind.NOT_AZURE: "Check the endpoint.",
    Kind.SERVER: "Try again later.",
    Kind.THROTTLED: "Try again later.",
}


class ResourceInUse(Exception):
    """The message is fit for the user."""


@transaction.atomic
def add(name: str, endpoint: str, key: str) -> Resource:
    return Resource.objects.create(
        key=_free_key(name), name=name, endpoint=endpoint, sealed_key=seal(key)
    )


def replace_key(resource: Resource, key: str) -> None:
    resource.sealed_key = seal(key)
    resource.checked, resource.problem = None, ""
    resource.save(update_fields=["sealed_key", "checked", "problem"])


def check(resource: Resource) -> str:
    """Ask the resource whether endpoint and key are good, and which version of the API
    it speaks. What is wrong, with advice; empty when nothing is."""
    problem = ""
    try:
        with client_of(resource, _PATIENCE) as client:
            resource.version = client.detect()
    except AzureError as e:
        problem = " ".join(filter(None, (str(e), _ADVICE.get(e.kind, ""))))
    resource.checked, resource.problem = now(), problem
    resource.save(update_fields=["version", "checked", "problem"])
    return problem


@transaction.atomic
def delete(resource: Resource) -> None:
    """Raises `ResourceInUse`."""
    count = resource.projects.count()
    if count:
        what = "a project uses" if count == 1 else f"{count:,} projects use"
        raise ResourceInUse(f"“{resource.name}” stays as long as {what} it.")
    resource.delete()


def _free_key(name: str) -> str:
    """What projects are to call it: readable, and not taken."""
    start = slugify(name)[:16].strip("-") or "azure"
    taken = {*OURS, *Resource.objects.values_list("key", flat=True)}
    if start not in taken:
        return start
    number = 2
    while f"{start}-{number}" in taken:
        number += 1
    return f"{start}-{number}"
