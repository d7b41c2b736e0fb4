"""Send the messages that wait, and try again what did not arrive.

Rounds follow each other every few seconds, and each web hook is told in the order in
which things happened, but for what did not arrive at once. A message is claimed by
moving its `due` on, so that no two workers send it, and one whose worker dies is sent
again. What does not answer holds up a round for a moment, and is then left alone for a
while.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from itertools import chain, groupby
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils.timezone import now

from api import shown
from api.addresses import Addresses
from api.models import Delivery, WebHook
from api.webhooks.kinds import parts_of
from api.webhooks.post import SECONDS, Message, Undelivered, post
from jobs.models import Job
from projects.access import projects_of
from resources.vault import Sealed, unseal

State = Delivery.State
PING = "ping"
# After each try but the last, so long until the next.
_PAUSES = [
    timedelta(seconds=seconds)
    for seconds in (10, 60, 300, 1800, 2 * 3600, 6 * 3600, 12 * 3600)
]
MOST_TRIES = len(_PAUSES) + 1
# After a failure the other messages of a web hook wait so long at least.
_LEFT_ALONE = timedelta(minutes=1)
_AT_ONCE = 8
_OF_ONE_HOOK = 4
_ROUND_SECONDS = 10.0
# So long a round may last, and then some.
_CLAIMED = timedelta(seconds=3 * _OF_ONE_HOOK * SECONDS)
_KEPT = timedelta(days=7)
_KEPT_GIVEN_UP = timedelta(days=30)


def deliver_due() -> None:
    """Send what is due, for some seconds."""
    until = time.monotonic() + _ROUND_SECONDS
    while time.monotonic() < until and (claimed := _claim()):
        rows = [list(of_one) for _, of_one in groupby(claimed, _hook)]
        messages = [[_message(one) for one in of_one] for of_one in rows]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            send = partial(_send_in_order, until=until)
            ends = chain.from_iterable(pool.map(send, messages))
            outcomes = list(zip(claimed, ends, strict=True))
        for delivery, problem in outcomes:
            _settle(delivery, problem)
        _leave_alone({one.hook_id for one, problem in outcomes if problem})


def _claim() -> list[Delivery]:
    """Some messages of some web hooks, those of each one after the other."""
    due = Delivery.objects.filter(state=State.WAITING, due__lte=now())
    hooks = WebHook.objects.filter(
        Exists(due.filter(hook=OuterRef("pk"))),
        status=Job.Status.SUCCEEDED,
        user__is_active=True,
    )
    claimed: list[Delivery] = []
    # Any of them: who has many messages is not to go before who has one.
    for hook in hooks.select_related("user").order_by("?")[:_AT_ONCE]:
        of_it = due.filter(hook=hook).select_related("hook__user").order_by("created")
        claimed += [row for row in of_it[:_OF_ONE_HOOK] if _hold(row)]
    return claimed


def _hook(row: Delivery) -> UUID:
    return row.hook_id


def _hold(row: Delivery) -> bool:
    """Whether it is ours to send. False when another worker has it."""
    moment = now()
    mine = Delivery.objects.filter(pk=row.pk, state=State.WAITING, due=row.due)
    row.tries += 1
    held = mine.update(due=moment + _CLAIMED, last_try=moment, tries=row.tries)
    return bool(held)


def _message(delivery: Delivery) -> Message | Undelivered:
    hook = delivery.hook
    body = json.dumps(_body(delivery), ensure_ascii=False).encode()
    try:
        secret = unseal(hook.sealed_secret)
    except Sealed as e:
        return Undelivered(str(e))
    return Message(hook.url, delivery.event, body, secret)


def _body(delivery: Delivery) -> dict[str, object]:
    """What it is about, as it is now; only its address when it is gone, or the person
    may not see it any more."""
    hook = delivery.hook
    addresses = Addresses(hook.base, hook.version)
    if delivery.row is None:
        return shown.web_hook(hook, addresses)
    kind, _ = parts_of(delivery.event)
    rows = kind.rows.filter(pk=delivery.row, project__in=projects_of(hook.user))
    if row := rows.first():
        return kind.shown(row, addresses)
    return dict(addresses.reference(kind.collection, delivery.row))


def _send_in_order(
    messages: list[Message | Undelivered], until: float
) -> list[str | None]:
    """Why each did not arrive: empty when it did, None when it was not even sent, as
    one before it did not arrive, or time was over."""
    problems: list[str | None] = []
    for message in messages:
        is_late = bool(problems) and time.monotonic() > until
        problems.append(None if is_late or any(problems) else _problem(message))
    return problems


def _problem(message: Message | Undelivered) -> str:
    try:
        if isinstance(message, Undelivered):
            raise message
        post(message)
    except Undelivered as e:
        return str(e)
    return ""


def _settle(delivery: Delivery, problem: str | None) -> None:
    held = Delivery.objects.filter(
        pk=delivery.pk, state=State.WAITING, tries=delivery.tries
    )
    if problem == "":
        held.update(state=State.DELIVERED, problem="")
    elif problem is None:
        held.update(tries=delivery.tries - 1, due=now())
    elif delivery.tries >= MOST_TRIES:
        held.update(state=State.GIVEN_UP, problem=problem)
    else:
        held.update(due=now() + _PAUSES[delivery.tries - 1], problem=problem)


def _leave_alone(hooks: set[UUID]) -> None:
    until = now() + _LEFT_ALONE
    waiting = Delivery.objects.filter(hook__in=hooks, state=State.WAITING, tries=0)
    waiting.filter(due__lt=until).update(due=until)


def send_again(hook: WebHook, only: UUID | None = None) -> int:
    """Have what was given up tried again, or one message of it; how many that is."""
    given_up = hook.deliveries.filter(state=State.GIVEN_UP)
    if only:
        given_up = given_up.filter(pk=only)
    return given_up.update(state=State.WAITING, tries=0, due=now())


def tidy_up() -> None:
    """Forget what is old."""
    Delivery.objects.filter(state=State.DELIVERED, created__lt=now() - _KEPT).delete()
    Delivery.objects.filter(created__lt=now() - _KEPT_GIVEN_UP).delete()
