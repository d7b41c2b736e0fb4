"""Where a custom model comes from and goes to: data, recipe, model, tests, endpoints;
for its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datasets.models import Dataset
from projects.access import User, projects_of
from training.card import origin_of
from training.models import SpeechModel

# What `Used.as_json` counts of a dataset, in words.
_AMOUNTS = {
    "trained_on": "clips trained on",
    "held_out": "held out",
    "sentences": "sentences",
    "pronunciations": "pronunciations",
    "rules": "rules",
}


@dataclass(frozen=True)
class Relative:
    """Data or a model that this one was made from, or an endpoint that it answers for;
    without `url` it is only named."""

    name: str
    note: str
    url: str = ""


@dataclass(frozen=True)
class Lineage:
    data: Sequence[Relative]
    origin: Relative | None  # of a copy or an import
    endpoints: Sequence[Relative]


def lineage_of(model: SpeechModel, user: User) -> Lineage:
    """What made the model, and what it serves; links only to what this person may
    see."""
    return Lineage(_data(model, user), _origin(model, user), _endpoints(model))


def _data(model: SpeechModel, user: User) -> list[Relative]:
    """As the recipe names it; before there is one, as it was chosen."""
    named = {str(one["id"]): one for one in model.recipe.get("data", [])}
    chosen = {str(dataset.pk): dataset for dataset in model.datasets.all()}
    # The data of a copy lies in the project that it came from.
    elsewhere = Dataset.objects.filter(
        pk__in=named.keys() - chosen.keys(),
        project__in=projects_of(user),
    )
    here = chosen | {str(dataset.pk): dataset for dataset in elsewhere}
    return [
        Relative(
            here[key].name if key in here else named[key]["name"],
            _amount(named.get(key, {}), here.get(key)),
            here[key].get_absolute_url() if key in here else "",
        )
        for key in named | chosen
    ]


def _amount(used: Mapping[str, Any], dataset: Dataset | None) -> str:
    """What it is, and how much of it was used.

    >>> _amount({"kind": "Acoustic", "trained_on": 90, "held_out": 10}, None)
    'Audio + human-labeled transcript, 90 clips trained on, 10 held out'
    """
    kind = dataset.kind if dataset else used.get("kind", "")
    parts = [dict(Dataset.Kind.choices).get(kind, kind)]
    parts += [
        f"{used[name]:,} {words}" for name, words in _AMOUNTS.items() if used.get(name)
    ]
    left_out = sum(used.get("left_out", {}).values())
    parts += [f"{left_out:,} left out"] if left_out else []
    return ", ".join(parts)


def _origin(model: SpeechModel, user: User) -> Relative | None:
    copied, imported = origin_of(model)
    if not copied:
        note = "the file that it was imported from"
        return Relative(imported["file"], note) if imported else None
    source = SpeechModel.objects.filter(
        pk=copied["model"], project__in=projects_of(user)
    ).first()
    if source is None:
        return Relative(copied["name"], f"in the project {copied['project_name']}")
    assert source.project is not None
    return Relative(
        source.name, f"in the project {source.project}", source.get_absolute_url()
    )


def _endpoints(model: SpeechModel) -> list[Relative]:
    """Those that it answers for, then those that it is to answer for."""
    answering = [
        (one, "" if one.model_id == model.pk else "until another model is ready")
        for one in model.served_by.all()
    ]
    coming = [
        (one, "as soon as it is ready" if one.is_active else "could not be deployed")
        for one in model.endpoints.all()
        if one.serving_id != model.pk
    ]
    return [
        Relative(
            one.name, "suspended" if one.is_suspended else note, one.get_absolute_url()
        )
        for one, note in answering + coming
    ]
