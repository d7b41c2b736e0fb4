"""Find the recordings of a container, the first thing to do with one."""

from __future__ import annotations

from pathlib import PurePosixPath

from django.conf import settings
from django.db import transaction

from datasets import container, fetch
from datasets.formats.base import FormatError, shown
from jobs.models import Gone
from transcriptions.models import Transcription, TranscriptionFile
from transcriptions.sound import SUFFIXES

_IGNORED_SHOWN = 100
_BATCH = 500


def gather(transcription: Transcription) -> None:
    """Make a file of each recording in the container. Raises `FormatError`.

    All of them appear at once: who follows a dead worker finds all or none.
    """
    address = transcription.container_address
    host = fetch.checked(address).host
    stage = f"Listing the files of {host}"[:200]
    transcription.claimed().update(stage=stage)
    names = container.names_in(
        address,
        allowed=settings.FETCH_ALLOWED_HOSTS,
        report=lambda count: transcription.report(0, 0),
    )
    recordings = [name for name in names if _is_recording(name)]
    ignored = [shown(name)[-255:] for name in names if not _is_recording(name)]
    if not recordings:
        raise _nothing(host, len(ignored))
    with transaction.atomic():
        ours = transcription.claimed().update(
            ignored=ignored[:_IGNORED_SHOWN], ignored_count=len(ignored)
        )
        if not ours:
            raise Gone(f"{transcription!r} was taken over")
        TranscriptionFile.objects.bulk_create(
            (
                TranscriptionFile(
                    transcription=transcription,
                    position=position,
                    name=shown(name)[-255:],
                    url=container.address_of(address, name),
                )
                for position, name in enumerate(recordings)
            ),
            batch_size=_BATCH,
        )
    transcription.refresh_from_db()


def _is_recording(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in SUFFIXES


def _nothing(host: str, others: int) -> FormatError:
    if others:
        files = f"{others:,} file" + ("s" if others > 1 else "")
        message = f"The container at {host} has {files}, but no recording: what counts "
        message += "is how a name ends, such as .wav or .mp3."
    else:
        message = f"The container at {host} is empty."
    return FormatError(message, "container.empty")
