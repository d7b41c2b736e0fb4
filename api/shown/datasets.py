from __future__ import annotations

from typing import Any

from api.addresses import Addresses
from api.shown.parts import course, described, duration, state
from datasets.fetch import without_query
from datasets.models import Dataset


def dataset(row: Dataset, addresses: Addresses) -> dict[str, Any]:
    path = f"datasets/{row.pk}"
    shown: dict[str, Any] = {
        "self": addresses.of(path),
        **described(row),
        "locale": row.project.locale,
        "kind": kind_of(row),
        "project": addresses.reference("projects", row.project_id),
        **state(row),
        "properties": _properties(row, addresses.version),
        "links": {"files": addresses.of(f"{path}/files")},
    }
    if row.source_url:
        # What follows the question mark may be a key.
        shown["contentUrl"] = without_query(row.source_url)
    if row.awaits_file:
        blocks = addresses.of(f"{path}/blocks")
        shown["links"] |= {
            "uploadBlocks": blocks,
            "listBlocks": blocks,
            "commitBlocks": addresses.of(f"{path}/blocks:commit"),
        }
    return shown


def kind_of(row: Dataset) -> str:
    """The kind in the API, which knows no texts to be spoken."""
    is_spoken = row.kind == Dataset.Kind.TRANSCRIPT
    return Dataset.Kind.ACOUSTIC.value if is_spoken else row.kind


def _properties(row: Dataset, version: str) -> dict[str, Any]:
    shown: dict[str, Any] = {"textNormalizationKind": row.text_normalization}
    if not row.is_active:
        shown["acceptedLineCount"] = row.accepted
        shown["rejectedLineCount"] = row.rejected
        shown |= duration(row.seconds, version) if row.has_audio else {}
    return shown | course(row)
