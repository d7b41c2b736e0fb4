"""Pages for web hooks: a person's own, and nobody else's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.models import User
from django.db import IntegrityError
from django.db.models import Count, Max, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)
from django_htmx.http import HttpResponseClientRefresh

from api.addresses import VERSIONS
from api.models import Delivery, WebHook
from api.webhooks import deliver, services
from api.webhooks.forms import EditForm, NewForm, in_words
from api.webhooks.kinds import BY_NAME, parts_of
from projects.access import projects_of
from projects.listing import page_of, query_without
from projects.requests import Request

_State = Delivery.State
_DELIVERIES = "web-hook-deliveries"  # the part of the page that asks for itself


@require_safe
def index(request: Request) -> HttpResponse:
    """The web hooks of a person; htmx asks for the table alone."""
    hooks = request.user.web_hooks.select_related("project").annotate(
        waiting=Count("deliveries", filter=Q(deliveries__state=_State.WAITING)),
        given_up=Count("deliveries", filter=Q(deliveries__state=_State.GIVEN_UP)),
        delivered=Max(
            "deliveries__last_try", filter=Q(deliveries__state=_State.DELIVERED)
        ),
    )
    ctx = {
        "hooks": hooks,
        "seen": _seen(request.user),
        "is_active": any(hook.is_active for hook in hooks),
    }
    part = "_hooks" if request.htmx else "hooks"
    return render(request, f"api/{part}.html", ctx)


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: Request) -> HttpResponse:
    form = NewForm(request.POST or None, user=request.user, initial={"pk": uuid4()})
    if request.method == "POST" and form.is_valid():
        try:
            return redirect(_make_once(request, **form.cleaned_data))
        except services.Refused as e:
            form.add_error(None, str(e))
    status = 422 if form.errors else 200
    return render(request, "api/hooks_new.html", {"form": form}, status=status)


@require_safe
def detail(request: Request, hook_id: UUID) -> HttpResponse:
    """The page of a web hook; htmx asks for its state or for its messages alone."""
    hook = _hook_for(request, hook_id)
    if request.htmx and request.htmx.target == _DELIVERIES:
        ctx = _deliveries(request, hook)
        return render(request, "api/_hook_deliveries.html", ctx)
    if request.htmx:
        if not hook.is_active:
            return HttpResponseClientRefresh()
        return render(request, "api/_hook_state.html", {"hook": hook})
    ctx = _deliveries(request, hook) | {
        "seen": _seen(request.user),
        "told": in_words(hook.events),
    }
    return render(request, "api/hooks_detail.html", ctx)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: Request, hook_id: UUID) -> HttpResponse:
    hook = _hook_for(request, hook_id)
    form = EditForm(request.POST or None, hook)
    if request.method == "POST" and form.is_valid():
        try:
            services.change(hook, **form.cleaned_data)
        except services.Refused as e:
            form.add_error("url", str(e))
        else:
            messages.success(request, "Saved.")
            return redirect(hook)
    if form.errors:
        # The form has written what is wrong into the row that the page shows.
        hook.refresh_from_db()
    ctx = {"form": form, "hook": hook}
    status = 422 if form.errors else 200
    return render(request, "api/hooks_edit.html", ctx, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: Request, hook_id: UUID) -> HttpResponse:
    hook = _hook_for(request, hook_id)
    if request.method == "POST":
        hook.delete()
        messages.success(request, f"The webhook “{hook.name}” was deleted.")
        return redirect("web-hook-list")
    ctx = {"hook": hook, "count": hook.deliveries.count()}
    return render(request, "api/hooks_delete.html", ctx)


@require_POST
def challenge(request: Request, hook_id: UUID) -> HttpResponse:
    hook = _hook_for(request, hook_id)
    # One that is heard goes on being told: only what failed is asked again.
    if hook.status == WebHook.Status.FAILED:
        services.challenge_again(hook)
    return redirect(hook)


@require_POST
def ping(request: Request, hook_id: UUID) -> HttpResponse:
    hook = _hook_for(request, hook_id)
    try:
        services.ping(hook)
    except services.Refused as e:
        messages.error(request, str(e))
    else:
        messages.success(request, "A ping is on its way.")
    return redirect(hook)


@require_POST
def test(request: Request, hook_id: UUID) -> HttpResponse:
    hook = _hook_for(request, hook_id)
    try:
        _say_sent(request, services.test(hook), "None of its events has happened yet.")
    except services.Refused as e:
        messages.error(request, str(e))
    return redirect(hook)


@require_POST
def send_all_again(request: Request, hook_id: UUID) -> HttpResponse:
    hook = _hook_for(request, hook_id)
    _say_sent(request, deliver.send_again(hook), "No message is given up.")
    return redirect(hook)


@require_POST
def send_again(request: Request, hook_id: UUID, delivery_id: UUID) -> HttpResponse:
    hook = _hook_for(request, hook_id)
    delivery = get_object_or_404(hook.deliveries, pk=delivery_id)
    sent = deliver.send_again(hook, delivery.pk)
    _say_sent(request, sent, "This message is not given up.")
    return redirect(hook)


def _hook_for(request: Request, key: UUID) -> WebHook:
    return get_object_or_404(request.user.web_hooks.select_related("project"), pk=key)


def _seen(user: User) -> set[UUID]:
    return set(projects_of(user).values_list("pk", flat=True))


def _make_once(request: Request, pk: UUID, **values: Any) -> WebHook:
    """The new web hook, or the one that was made of the same page before. Raises
    `services.Refused`."""
    mine = request.user.web_hooks.filter(pk=pk)
    if former := mine.first():
        return former
    base = request.build_absolute_uri("/")[:-1]
    try:
        return services.create(
            request.user, pk=pk, base=base, version=VERSIONS[0], **values
        )
    except IntegrityError:
        # Both were sent at once.
        if former := mine.first():
            return former
        raise


def _say_sent(request: Request, count: int, nothing: str) -> None:
    if not count:
        messages.info(request, f"{nothing} Nothing was sent.")
        return
    many = "1 message is" if count == 1 else f"{count:,} messages are"
    messages.success(request, f"{many} on the way.")


def _deliveries(request: Request, hook: WebHook) -> dict[str, Any]:
    """The messages that the address of the page asks for."""
    rows = hook.deliveries.order_by("-created", "pk")
    counts = dict(rows.order_by().values_list("state").annotate(Count("pk")))
    state = request.GET.get("state", "")
    if state in _State.values:
        rows = rows.filter(state=state)
    else:
        state = ""
    page = page_of(request, rows)
    deliveries = list(page.object_list)
    about = _about(request.user, deliveries)
    shown = [(one, about.get(one.row)) for one in deliveries]
    tabs = [("", "All", sum(counts.values()))]
    tabs += [(value, label, counts.get(value, 0)) for value, label in _State.choices]
    return {
        "hook": hook,
        "page": page,
        "query": query_without(request, "page"),
        "state": state,
        "tabs": tabs,
        "shown": shown,
        "given_up": counts.get(_State.GIVEN_UP, 0),
        "now": now(),
        "is_moving": hook.is_heard and any(_is_new(one) for one in deliveries),
    }


def _is_new(delivery: Delivery) -> bool:
    """Whether it arrives soon, if it does."""
    return delivery.state == _State.WAITING and delivery.tries <= 1


def _about(user: User, deliveries: Iterable[Delivery]) -> dict[UUID | None, Any]:
    """What messages are about, as far as it is there and this person may see it: one
    query for each kind."""
    keys: dict[str, set[UUID]] = defaultdict(set)
    for one in deliveries:
        if one.row:
            keys[parts_of(one.event)[0].name].add(one.row)
    found: dict[UUID | None, Any] = {}
    for name, some in keys.items():
        rows = BY_NAME[name].rows.model._default_manager.filter(
            pk__in=some, project__in=projects_of(user)
        )
        found |= {row.pk: row for row in rows.only("name")}
    return found
