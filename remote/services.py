"""What people can do with what is at a resource."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils.timezone import now

from engines.azure.client import AzureClient
from projects import services as projects
from projects.locales import LOCALES, language_name
from projects.models import Project
from remote.course import Found
from remote.models import Arrival, Remote
from remote.rename import remember
from remote.talk import bare, opened, reference
from resources.models import Resource

_MOST = 1000  # of a list that is shown
_KNOWN = {tag.lower(): tag for tag, _ in LOCALES}
_COLLECTIONS = ("datasets", "models", "evaluations", "endpoints")


class Refused(Exception):
    """This cannot be done; the message is fit for the user."""


@dataclass(frozen=True)
class There:
    """A project at a resource, and what it is here, if it is."""

    name: str
    address: str
    language: str
    here: Project | None = None
    why_not: str = ""


@dataclass(frozen=True)
class Loose:
    """Something at a resource that belongs to no project."""

    kind: str
    name: str
    address: str
    locale: str


def projects_there(client: AzureClient, resource: Resource) -> list[There]:
    """Raises `AzureError`."""
    rows = Remote.objects.filter(resource=resource, kind=Remote.Kind.PROJECT)
    here = {row.address: row.project for row in rows.select_related("project")}
    found = islice(client.pages("projects", top=_MOST), _MOST)
    return [_there(one, here) for one in found]


def _there(one: Found, here: dict[str, Project | None]) -> There:
    address = bare(str(one.get("self")))
    locale = _KNOWN.get(str(one.get("locale")).lower())
    why_not = "" if locale else f"Its language, {one.get('locale')}, is not known here."
    language = language_name(locale) if locale else str(one.get("locale"))
    name = str(one.get("displayName") or "Without a name")
    return There(name, address, language, here.get(address), why_not)


def loose_there(client: AzureClient) -> Iterator[Loose]:
    """Raises `AzureError`."""
    for collection in _COLLECTIONS:
        for one in islice(client.pages(collection, top=_MOST), _MOST):
            if not one.get("project"):
                name = str(one.get("displayName") or "Without a name")
                address, locale = bare(str(one.get("self"))), str(one.get("locale"))
                yield Loose(collection.removesuffix("s"), name, address, locale)


def bring_in(user: User, resource: Resource, address: str) -> Arrival:
    """Make the project of this address here, and have all that is in it come.

    Twice gives the same. Raises `Refused` and `AzureError`.
    """
    if known := _here(resource, address):
        return known
    with opened(resource) as client:
        one = client.get(address)
    there = _there(one, {})
    if there.why_not:
        raise Refused(there.why_not)
    try:
        return _made(user, resource, there, one)
    except IntegrityError as e:
        known = _here(resource, there.address)
        if known is None:
            raise Refused("It is being brought in already.") from e
        return known


def _here(resource: Resource, address: str) -> Arrival | None:
    row = Remote.objects.filter(
        resource=resource, kind=Remote.Kind.PROJECT, address=bare(address)
    ).first()
    return again(row.project) if row and row.project else None


@transaction.atomic
def _made(user: User, resource: Resource, there: There, one: Found) -> Arrival:
    locale = _KNOWN[str(one["locale"]).lower()]
    description = str(one.get("description") or "")[:2000]
    project = projects.create(
        user, there.name[:200], locale, description, engine=resource.key
    )
    home = Remote.objects.create(
        kind=Remote.Kind.PROJECT,
        local=project.pk,
        project=project,
        resource=resource,
        address=there.address,
        is_ours=False,
    )
    remember(home)
    return _arrive(project)


@transaction.atomic
def again(project: Project) -> Arrival:
    """Have what is new there come as well; nothing comes twice."""
    arrival = Arrival.objects.filter(project=project).first()
    if arrival is None:
        return _arrive(project)
    if arrival.reopen() or arrival.retry():
        transaction.on_commit(arrival.enqueue)
    return arrival


def _arrive(project: Project) -> Arrival:
    arrival = Arrival.objects.create(project=project)
    transaction.on_commit(arrival.enqueue)
    return arrival


def connect(project: Project, address: str) -> Arrival:
    """Put something that belongs to no project into this one, there and here. Raises
    `Refused` and `AzureError`."""
    home = Remote.of(Remote.Kind.PROJECT, project.pk)
    if home is None or not home.address:
        raise Refused("The project is not there yet: bring one in from there first.")
    with opened(home.resource) as client:
        one = client.get(address)
        if str(one.get("locale")).lower() != project.locale.lower():
            raise Refused(f"It is in {one.get('locale')}, not in {project.locale}.")
        client.patch(address, {"project": reference(client, home.address)})
    return again(project)


def try_again(row: Remote) -> None:
    """To delete something there that the resource would not delete."""
    row.change(failures=0, next_poll=now(), note="")


def forget(row: Remote) -> None:
    """Leave something there that the resource does not delete."""
    row.row.delete()
