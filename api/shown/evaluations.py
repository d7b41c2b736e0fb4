from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Prefetch

from api.addresses import Addresses
from api.shown.parts import course, described, model_reference, state
from evaluations.export.result import api_figures, numbered
from evaluations.models import Candidate, Evaluation
from training.models import SpeechModel

# What `evaluation` needs besides the row. Models are few: each is read once.
CANDIDATES = Prefetch(
    "candidates",
    Candidate.objects.prefetch_related(
        Prefetch("model", SpeechModel.objects.only("project"))
    ),
    to_attr="compared",
)


def evaluation(row: Any, addresses: Addresses) -> dict[str, Any]:
    """A test, with `CANDIDATES`. One of a single model has it as the second as well, as
    in the reference; those beyond two follow as `model3` and so on."""
    path = f"evaluations/{row.pk}"
    models = row.compared * 2 if len(row.compared) == 1 else row.compared
    return {
        "self": addresses.of(path),
        **described(row),
        "customProperties": {**row.custom_properties, "testingKind": row.kind},
        "locale": row.project.locale,
        "project": addresses.reference("projects", row.project_id),
        "dataset": addresses.reference("datasets", row.dataset_id),
        **{
            f"model{number}": model_reference(one.model, addresses)
            for number, one in enumerate(models, start=1)
        },
        **state(row),
        "properties": _properties(row, models),
        "links": {"files": addresses.of(f"{path}/files")},
    }


def _properties(row: Evaluation, models: Sequence[Candidate]) -> dict[str, Any]:
    found = numbered(api_figures(one, one.is_complete) for one in models)
    # The rate of no words is none.
    known = {name: value for name, value in found.items() if value is not None}
    return known | _difference(row, models) | course(row)


def _difference(row: Evaluation, models: Sequence[Candidate]) -> dict[str, Any]:
    """By how much the error rate of model 2 is above that of model 1, on what both
    recognised, with the interval of 95 %: an addition to the contract.

    Below 0 model 2 makes fewer errors. It is significant when the interval leaves out
    0 and there were utterances enough to say so.
    """
    keys = [one.pk for one in models[:2]]
    for pair in row.comparisons:
        if {pair["old"], pair["new"]} != set(keys):
            continue
        value, low, high = pair["difference"], pair["low"], pair["high"]
        if pair["new"] == keys[0]:
            value, low, high = -value, -high, -low
        is_significant = pair["verdict"] != "unclear"
        shown = {"value": value, "low": low, "high": high}
        return {"wordErrorRateDifference": shown | {"isSignificant": is_significant}}
    return {}
