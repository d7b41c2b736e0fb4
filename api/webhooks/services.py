"""What is done with web hooks, by programs and on pages."""

from __future__ import annotations

import hmac
import secrets
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from api.models import Delivery, WebHook
from api.webhooks.deliver import PING
from api.webhooks.kinds import DELETION, has_happened, parts_of
from api.webhooks.post import Message, Undelivered, post
from projects.access import projects_of
from projects.models import Project
from resources.vault import Sealed, seal, unseal

MOST_OF_ONE_PERSON = 20
_MOST_WAITING = 100
_CHALLENGE = "challenge"


class Refused(Exception):
    """The message is fit for the user."""


@transaction.atomic
def create(user: User, project: Project | None, secret: str, **fields: Any) -> WebHook:
    """`fields` are columns of the row. Raises `Refused`."""
    # So that of two at once the second counts the first.
    User.objects.select_for_update().get(pk=user.pk)
    if user.web_hooks.count() >= MOST_OF_ONE_PERSON:
        message = f"You have {MOST_OF_ONE_PERSON} webhooks. Delete one first."
        raise Refused(message)
    hook = WebHook.objects.create(
        user=user, project=project, sealed_secret=seal(secret), **fields
    )
    transaction.on_commit(hook.enqueue)
    return hook


@transaction.atomic
def change(hook: WebHook, url: str, secret: str | None, **fields: Any) -> None:
    """A new address is challenged, and so is the old one after it has failed.

    `secret` is None when it stays. Raises `Refused`.
    """
    is_new = url != hook.url
    if is_new and hook.is_active:
        raise Refused("Its address is being challenged. Try again in a moment.")
    values = fields | {"url": url}
    if secret is not None:
        values["sealed_secret"] = seal(secret)
    for name, value in values.items():
        setattr(hook, name, value)
    hook.save(update_fields=list(values))
    if is_new or hook.status == WebHook.Status.FAILED:
        challenge_again(hook)


def challenge_again(hook: WebHook) -> None:
    if hook.retry() or hook.reopen():
        transaction.on_commit(hook.enqueue)


def challenge(hook: WebHook) -> None:
    """Ask the address to say a word that only this call has told it: whoever is there
    wants the messages. Raises `Undelivered`."""
    token = secrets.token_urlsafe(24)
    query = (("validationToken", token),)
    answer = post(Message(hook.url, _CHALLENGE, b"", _secret_of(hook), query))
    if not hmac.compare_digest(answer.strip().encode(), token.encode()):
        raise Undelivered(
            "It answered the challenge, but not with the value of validationToken."
        )
    hook.succeed()


def _secret_of(hook: WebHook) -> str:
    try:
        return unseal(hook.sealed_secret)
    except Sealed as e:
        raise Undelivered(str(e)) from e


def ping(hook: WebHook) -> None:
    """Send it its own description. Raises `Refused`."""
    _must_be_heard(hook)
    Delivery.objects.create(hook=hook, event=PING)


def test(hook: WebHook) -> int:
    """Send, for each of its events, what happened last; how many messages that are.

    Raises `Refused`.
    """
    _must_be_heard(hook)
    found = [(event, _last_key(hook, event)) for event in hook.events]
    made = [Delivery(hook=hook, event=event, row=key) for event, key in found if key]
    Delivery.objects.bulk_create(made)
    return len(made)


def _must_be_heard(hook: WebHook) -> None:
    if not hook.is_heard:
        raise Refused("Its address has not answered the challenge.")
    waiting = hook.deliveries.filter(state=Delivery.State.WAITING)
    if waiting.count() >= _MOST_WAITING:
        raise Refused(f"There are {_MOST_WAITING} messages or more on their way to it.")


def _last_key(hook: WebHook, event: str) -> Any:
    """Of the last thing that would have had this event; None for nothing. What was
    deleted is not there."""
    kind, moment = parts_of(event)
    if moment == DELETION:
        return None
    rows = kind.rows.filter(project__in=projects_of(hook.user))
    if hook.project_id:
        rows = rows.filter(project=hook.project_id)
    return (
        rows.filter(has_happened(moment))
        .order_by("-last_action")
        .values_list("pk", flat=True)
        .first()
    )
