"""The terms that a project looks for: its own list, and what its data names.

Items of the lists and words of the lexicon of structured text, and the display forms of
pronunciations.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.core.files.storage import default_storage
from django.urls import reverse

from datasets.content import open_content
from datasets.models import Dataset
from evaluations.analysis.kept import Kept
from jobs.models import Job
from projects.models import Project
from scoring.scale import Scale
from scoring.terms import parse

logger = logging.getLogger(__name__)

MOST = 2000  # of all lists together
_KINDS = (Dataset.Kind.STRUCTURED_TEXT, Dataset.Kind.PRONUNCIATION)
_GROUPS = ("list", "lexicon", "pronunciation")


@dataclass(frozen=True)
class Source:
    """A list that a term is from."""

    name: str
    url: str


@dataclass(frozen=True)
class Sought:
    """A term: as somebody wrote it, its compared words, and who names it."""

    text: str
    words: tuple[str, ...]
    sources: Sequence[Source]


@dataclass(frozen=True)
class Terms:
    """`has_more`: beyond these there are others, which are not looked for."""

    sought: Sequence[Sought]
    has_more: bool


_Lists = list[tuple[Source, Sequence[str]]]

_kept = Kept[Terms](most=16)
_read = Kept[tuple[Sequence[str], bool]](most=64)


def terms_of(project: Project, scale: Scale) -> Terms:
    """The first 2,000, each once: those of the project before those of the newest
    data. `scale` says what is one word."""
    found = project.datasets.filter(kind__in=_KINDS, status=Job.Status.SUCCEEDED)
    datasets = list(found.exclude(content_file="").order_by("-created"))
    named = tuple((dataset.pk, dataset.name) for dataset in datasets)
    key = (project.pk, project.terms, scale.digest, named)
    try:
        return _kept.get(key, lambda: _gathered(project, datasets, scale))
    except _Incomplete as e:
        return e.terms


class _Incomplete(Exception):
    """Terms without those of a file that cannot be read now: they are never kept."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms


def _gathered(project: Project, datasets: Sequence[Dataset], scale: Scale) -> Terms:
    own = Source("The project's terms", reverse("project-words", args=[project.pk]))
    lists: _Lists = [(own, parse(project.terms, project.locale)[0])]
    is_cut = is_incomplete = False
    for dataset in datasets:
        name = str(dataset.content_file.name)
        try:
            texts, has_more = _read.get(name, partial(_contents, name))
        except OSError:
            # The data was deleted meanwhile, or its file is lost: there is the rest.
            logger.exception("The content %s cannot be read", name)
            is_incomplete = True
            continue
        lists.append((Source(dataset.name, dataset.get_absolute_url()), texts))
        is_cut |= has_more
    merged = _merged(lists, scale)
    terms = Terms(merged[:MOST], is_cut or len(merged) > MOST)
    if is_incomplete:
        raise _Incomplete(terms)
    return terms


def _contents(name: str) -> tuple[Sequence[str], bool]:
    """The first terms of a content file, and whether it holds more."""
    texts: list[str] = []
    has_more = False
    with default_storage.open(name) as file:
        groups = open_content(file)
        for group in (groups[name] for name in _GROUPS if name in groups):
            room = MOST - len(texts)
            texts += [entry.text for entry in group[:room]]
            has_more |= len(group) > room
    return texts, has_more


def _merged(lists: _Lists, scale: Scale) -> list[Sought]:
    """Each term once, one more than there may be if there are so many."""
    texts: dict[tuple[str, ...], str] = {}
    sources: dict[tuple[str, ...], dict[Source, None]] = {}
    for source, terms in lists:
        for text in terms:
            words = tuple(scale.words(text))
            if not words or (words not in texts and len(texts) > MOST):
                continue
            texts.setdefault(words, text)
            sources.setdefault(words, {})[source] = None
    return [Sought(text, words, [*sources[words]]) for words, text in texts.items()]
