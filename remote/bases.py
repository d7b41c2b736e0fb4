"""The base models of a resource, as rows that projects on it can choose."""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import Any

from django.db import transaction
from django.utils.dateparse import parse_datetime

from engines.azure.client import AzureClient
from engines.azure.errors import AzureError
from projects.locales import LOCALES
from remote.course import Found
from remote.talk import bare, opened
from remote.train import expiry_of
from resources.models import Resource
from training.models import SpeechModel

logger = logging.getLogger(__name__)
_KNOWN = {tag.lower(): tag for tag, _ in LOCALES}


def refresh(resource: Resource) -> int:
    """Make the rows say what the resource offers now; how many models that are.

    What it does not offer any more stays for old tests. Raises `AzureError`.
    """
    with opened(resource) as client:
        offered = _listed(client)
    with transaction.atomic():
        for address, found in offered.items():
            SpeechModel.objects.update_or_create(
                engine=resource.key, reference=address, defaults=_fields(found)
            )
        rows = SpeechModel.objects.filter(engine=resource.key, project=None)
        rows.exclude(reference__in=list(offered)).update(is_offered=False)
    return len(offered)


def base_at(client: AzureClient, resource: Resource, address: str) -> SpeechModel:
    """The base model of this address, also one that is not offered any more: models of
    it may still be there. Raises `AzureError`."""
    rows = SpeechModel.objects.filter(engine=resource.key, project=None)
    if known := rows.filter(reference=address).first():
        return known
    found = client.get(address)
    made, _ = SpeechModel.objects.get_or_create(
        engine=resource.key,
        reference=address,
        defaults=_fields([found]) | {"is_offered": False},
    )
    return made


def try_refresh(resource: Resource) -> None:
    """Nobody waits for it, and there is another time."""
    try:
        refresh(resource)
    except AzureError as e:
        logger.info("The base models of %s are not known: %s", resource, e)


def without_bases() -> list[Resource]:
    """The resources of which no base model is known yet."""
    known = SpeechModel.objects.filter(project=None).values("engine")
    return list(Resource.objects.exclude(key__in=known))


def _listed(client: AzureClient) -> dict[str, list[Found]]:
    """By their addresses. A server may list a model once for each locale it speaks."""
    found = defaultdict(list)
    for one in client.pages("models/base", top=1000):
        is_known = str(one.get("locale", "")).lower() in _KNOWN
        if is_known and one.get("self") and one.get("status") == "Succeeded":
            found[bare(str(one["self"]))].append(one)
    return dict(found)


def _fields(found: list[Found]) -> dict[str, Any]:
    """What is known of a model, listed for each of its locales."""
    one = found[0]
    features = one.get("properties", {}).get("features", {})
    created = parse_datetime(str(one.get("createdDateTime") or ""))
    spoken = (str(each.get("locale")).lower() for each in found)
    locales = {_KNOWN[tag] for tag in spoken if tag in _KNOWN}
    return {
        "name": str(one.get("displayName") or "Base model")[:200],
        "description": str(one.get("description") or "")[:1000],
        "languages": " ".join(sorted(locales)),
        "is_offered": True,
        "adapts_with": " ".join(features.get("supportsAdaptationsWith") or []),
        "released": created.date() if created else None,
        "adaptation_expires": expiry_of(one, "adaptationDateTime"),
        "transcription_expires": expiry_of(one, "transcriptionDateTime"),
        "status": SpeechModel.Status.SUCCEEDED,
    }
