"""What the tabs of a dataset's page show, as the URL asks for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.core.files.storage import default_storage
from django.db.models import Count, Q
from django.http import Http404, HttpRequest

from datasets.content import open_content
from datasets.formats.base import Entry
from datasets.models import Dataset, Finding, Statistics
from datasets.utterance_list import (
    LABEL,
    MAX_LABELS,
    ORDERS,
    Choice,
    choice_of,
    rules_of,
    utterances_of,
)
from projects.listing import Keyed, Keys, page_of, query_without, search_of

TITLES = {
    "utterances": "Utterances",
    "content": "Content",
    "report": "Report",
    "statistics": "Statistics",
}
# Groups of `datasets.content`: their titles, and the heads of their columns.
_GROUPS = {
    "sentence": ("Sentences", "Sentence", ""),
    "list": ("Lists", "Item", ""),
    "lexicon": ("Phonetic lexicon", "Word", "Phones"),
    "pronunciation": ("Pronunciations", "Written", "Spoken"),
    "itn": ("Patterns", "Pattern", ""),
    "rewrite": ("Rewrites", "Instead of", "Written"),
    "profanity": ("Masked", "Masked phrase", ""),
    "test": ("Tests", "Spoken", "Expected"),
}


def tabs_of(dataset: Dataset) -> list[tuple[str, str]]:
    """The tabs that this dataset has, the first as what one comes for."""
    names = ["report"]
    if dataset.status == Dataset.Status.SUCCEEDED:
        names = ["utterances" if dataset.has_audio else "content", "report"]
        if dataset.has_audio or dataset.has_sentences:
            names.append("statistics")
    return [(name, TITLES[name]) for name in names]


def context_of(request: HttpRequest, dataset: Dataset) -> dict[str, Any]:
    """What the tabs of an import that has ended need, and the one that is open."""
    tabs = tabs_of(dataset)
    asked = request.GET.get("tab")
    tab = asked if asked in dict(tabs) else tabs[0][0]
    figures, found = _figures_of(dataset), _found_in(dataset)
    ctx = {
        "tabs": tabs,
        "tab": tab,
        "figures": figures,
        "levels": _levels(found),
        "q": search_of(request),
        "query": query_without(request, "page"),
    }
    if tab == "utterances":
        return ctx | _utterances(request, dataset, figures)
    if tab == "content":
        return ctx | _content(request, dataset)
    return ctx | _report(request, dataset, found) if tab == "report" else ctx


def _figures_of(dataset: Dataset) -> dict[str, Any]:
    """The statistics of a dataset; empty while there are none."""
    row = Statistics.objects.filter(dataset=dataset).first()
    figures: dict[str, Any] = row.figures if row else {}
    return figures


def _found_in(dataset: Dataset) -> Counter[tuple[str, str]]:
    """How many findings there are of each rule and level."""
    rows = dataset.findings.order_by().values_list("rule", "level")
    return Counter(
        {(rule, level): n for rule, level, n in rows.annotate(number=Count("pk"))}
    )


def _levels(found: Counter[tuple[str, str]]) -> list[tuple[str, str, int]]:
    """Each level of findings that there is: value, label, how many."""
    counts: Counter[str] = Counter()
    for (_, level), number in found.items():
        counts[level] += number
    return [
        (value, label, counts[value])
        for value, label in Finding.Level.choices
        if value in counts
    ]


def _utterances(
    request: HttpRequest, dataset: Dataset, figures: dict[str, Any]
) -> dict[str, Any]:
    choice = choice_of(request)
    page = page_of(request, utterances_of(dataset, choice))
    return {
        "page": page,
        "is_filtered": choice.is_filtered,
        "rules": _with_asked(rules_of(dataset), choice.rule),
        "rule": choice.rule,
        "labels": _label_filters(figures, choice),
        "transcript": "none" if choice.is_unwritten else "",
        "sort": request.GET.get("sort", "position"),
        "orders": ORDERS,
    }


def _with_asked(
    values: Sequence[tuple[str, int]], asked: str
) -> Sequence[tuple[str, int | None]]:
    """The values to choose from, and the one of the URL if it is none of them."""
    if not asked or any(value == asked for value, _ in values):
        return values
    return [*values, (asked, None)]


def _label_filters(figures: dict[str, Any], choice: Choice) -> list[dict[str, Any]]:
    """For each label the values that most utterances have."""
    asked = dict(choice.labels)
    known = {
        name: [(one["value"], one["utterances"]) for one in label["values"]]
        for name, label in figures.get("labels", {}).items()
    }
    names = list(dict.fromkeys([*asked, *known]))[:MAX_LABELS]
    return [
        {
            "name": name,
            "parameter": LABEL + name,
            "values": _with_asked(known.get(name, []), asked.get(name, "")),
            "asked": asked.get(name, ""),
        }
        for name in names
    ]


def _content(request: HttpRequest, dataset: Dataset) -> dict[str, Any]:
    if not dataset.content_file:
        return {"page": page_of(request, [])}
    search = search_of(request)
    try:
        file = default_storage.open(str(dataset.content_file.name))
    except FileNotFoundError as e:  # it is being deleted
        raise Http404("The content is gone.") from e
    with file:
        groups = open_content(file)
        if not groups:
            return {"page": page_of(request, [])}
        asked = request.GET.get("group", "")
        name = asked if asked in groups else next(iter(groups))
        group: Sequence[Entry] = groups[name]
        page = page_of(request, groups[name].search(search) if search else group, 50)
        page.object_list = list(page.object_list)
    title, head, other_head = _GROUPS.get(name, (name, "Text", ""))
    return {
        "page": page,
        "groups": [
            (key, _GROUPS.get(key, (key,))[0], len(groups[key])) for key in groups
        ],
        "group": name,
        "group_title": title,
        "head": head,
        "other_head": other_head,
        "rest": query_without(request, "page", "group"),
    }


def _report(
    request: HttpRequest, dataset: Dataset, found: Counter[tuple[str, str]]
) -> dict[str, Any]:
    level, rule = level_and_rule(request)
    rows = dataset.findings.all()
    if level:
        rows = rows.filter(level=level)
    if rule:
        rows = rows.filter(rule=rule)
    search = search_of(request)
    if search:
        rows = rows.filter(
            Q(file__icontains=search)
            | Q(message__icontains=search)
            | Q(advice__icontains=search)
        )
    read = Finding.objects.select_related("utterance")
    rules = Counter({rule: 0 for rule, _ in found})
    for (name, of_level), number in found.items():
        rules[name] += number if level in ("", of_level) else 0
    chosen = [(name, number) for name, number in rules.most_common() if number]
    return {
        "page": page_of(request, Keyed(Keys(rows), read)),
        "level": level,
        "rule": rule,
        "rules": _with_asked(chosen, rule),
        "filters_query": query_without(request, "page", "tab", "q", "sort"),
    }


def level_and_rule(request: HttpRequest) -> tuple[str, str]:
    """What the URL asks of a report; empty where it does not."""
    level = request.GET.get("level", "")
    rule = request.GET.get("rule", "").replace("\0", "")
    return level if level in Finding.Level else "", rule
