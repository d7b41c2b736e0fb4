from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from evaluations.frame import frame
from evaluations.levels import Scored
from evaluations.wording import accuracy, recall, services
from evaluations.wording.accuracy import Pair, chosen, pair_of, place_of
from evaluations.wording.effects import effects_of
from evaluations.wording.forms import LinesForm
from evaluations.wording.links import utterances_with
from evaluations.wording.scatter import MOST_WORDS, scatter
from evaluations.wording.sought import MOST, terms_of
from projects.access import project_for
from projects.listing import columns, page_of, query_without, search_of
from projects.models import Project, Role
from projects.requests import Request

_LEAST = (1, 2, 3, 5, 10, 20, 50, 100)
_MOST_UNSAID = 200  # terms that are listed


@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: Request, project_id: UUID) -> HttpResponse:
    """The project's equivalences and terms, each with a form of its own."""
    if request.method != "POST":
        return _settings_page(request, project_for(request.user, project_id))
    project = project_for(request.user, project_id, Role.EDITOR)
    name = request.POST.get("save", "")
    if name not in services.LISTS:
        raise BadRequest("There is no such list.")
    form = LinesForm(name, project, request.POST)
    if not form.is_valid():
        return _settings_page(request, project, form)
    text, started = form.cleaned_data["text"], form.cleaned_data["started"]
    try:
        services.save(project, name, text, started)
    except services.Changed:
        return _settings_page(request, project, form, has_changed=True)
    if name == "equivalences":
        services.count_again(project)
    messages.success(request, _saved(form))
    return redirect("project-words", project.pk)


@require_safe
def words(request: Request, evaluation_id: UUID) -> HttpResponse:
    """Accuracy by word: of the model, or of two beside each other."""
    page = frame(request, evaluation_id, "evaluation-words")
    if page.evaluation.is_inspection:
        raise Http404("An inspection has no references.")
    ctx = page.context
    if page.shown.tables:
        ctx |= _words(request, page.shown)
    return render(request, "evaluations/wording/words.html", ctx)


@require_safe
def terms(request: Request, evaluation_id: UUID) -> HttpResponse:
    """How the terms that matter were recognised."""
    page = frame(request, evaluation_id, "evaluation-terms")
    if page.evaluation.is_inspection:
        raise Http404("An inspection has no references.")
    ctx = page.context
    if page.shown.tables:
        ctx |= _terms(request, page.evaluation.project, page.shown)
    return render(request, "evaluations/wording/terms.html", ctx)


def _settings_page(
    request: Request,
    project: Project,
    sent: LinesForm | None = None,
    *,
    has_changed: bool = False,
) -> HttpResponse:
    """`sent` is the form that was not saved, `has_changed` if somebody was faster."""
    lists = []
    for name in services.LISTS:
        text = getattr(project, name)
        is_sent = sent is not None and sent.name == name
        form = sent if is_sent and sent else LinesForm(name, project)
        version = services.version(text)
        # What was sent is of the version it was started from, until people have seen
        # what is stored now.
        started = form["started"].value() if is_sent and not has_changed else version
        lists.append(
            {
                "name": name,
                "form": form,
                "text": text,
                "started": started,
                "is_behind": is_sent and has_changed,
                # Rules change with an upgrade.
                "problems": form.problems(text),
            }
        )
    ctx = {
        "project": project,
        "room": "settings",
        "lists": lists,
        "effects": effects_of(project),
    }
    status = 409 if has_changed else 422 if sent else 200
    return render(request, "evaluations/wording/settings.html", ctx, status=status)


def _saved(form: LinesForm) -> str:
    said = f"The {form.name} were saved."
    repeated = form.repeated()
    if form.name == "terms" and repeated:
        said += f" Lines that repeat others count once: {repeated:,}."
    return said


def _words(request: Request, shown: Scored) -> dict[str, Any]:
    pair = pair_of(request, shown)
    least = _least(request)
    place = place_of(request.GET.get("at", ""))
    search = search_of(request)
    default, heads = _word_heads(pair)
    sort = _sort(request, accuracy.SORTS, default)
    found = accuracy.ordered(pair, chosen(pair, least, search, place), sort)
    page = page_of(request, found.tolist())
    address = utterances_with(shown, "word")
    picture = None
    if not pair.is_one:
        query = query_without(request, "at", "page", "q")
        at = f"?{query}{'&' if query else ''}at="
        picture = scatter(pair, chosen(pair, least), address, at)
    return {
        "pair": pair,
        "picture": picture,
        "most_words": MOST_WORDS,
        "least": least,
        "leasts": sorted({*_LEAST, least}),
        "q": search,
        "sort": sort,
        "place": place,
        "without_place": query_without(request, "at", "page"),
        "columns": columns(request, heads, default),
        "page": page,
        "rows": accuracy.rows(pair, list(page)),
        "address": address,
        "query": query_without(request, "page"),
    }


def _word_heads(pair: Pair) -> tuple[str, list[tuple[str, str]]]:
    """How the words are sorted unless somebody asks, and the heads of their table."""
    heads = [("Word", "word"), ("Said#", "said")]
    if pair.is_one:
        return "-missed", [*heads, ("Missed#", "missed"), ("Accuracy#", "b")]
    models = [(f"{pair.old}#", "a"), (f"{pair.new}#", "b")]
    return "difference", [*heads, *models, ("Difference#", "difference")]


def _least(request: Request) -> int:
    asked = request.GET.get("least", "")
    is_number = asked.isascii() and asked.isdigit() and len(asked) < 10
    return max(1, int(asked)) if is_number else 1


def _sort(request: Request, names: tuple[str, ...], default: str) -> str:
    asked = request.GET.get("sort", default)
    return asked if asked.removeprefix("-") in names else default


def _terms(request: Request, project: Project, shown: Scored) -> dict[str, Any]:
    known = terms_of(project, shown.scale)
    found = recall.recall_of(shown, known.sought)
    search = search_of(request)
    part = search.casefold()
    matching = [row for row in found.said if part in row.sought.text.casefold()]
    by_recall = recall.sorts(shown)
    default = by_recall[-1]
    sort = _sort(request, ("term", "said", *by_recall), default)
    models = zip(shown.models, by_recall, strict=True)
    heads = [("Term", "term"), ("Named in", ""), ("Said#", "said")]
    heads += [(f"{model}#", name) for model, name in models]
    return {
        "known": known,
        "most": MOST,
        "found": found,
        "unsaid": found.unsaid[:_MOST_UNSAID],
        "more_unsaid": len(found.unsaid) - _MOST_UNSAID,
        "q": search,
        "sort": sort,
        "columns": columns(request, heads, default),
        "page": page_of(request, recall.ordered(matching, sort, shown)),
        "address": utterances_with(shown, "term"),
        "query": query_without(request, "page"),
    }
