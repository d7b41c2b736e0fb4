"""Write the results into the container where they are wanted: the last thing that a
transcription does.

They lie in a folder of their own, named by the transcription, so that two that write
into one container do not write over each other.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.core.files.storage import default_storage

from datasets import container, fetch
from datasets.formats.base import FormatError
from jobs.models import Gone
from transcriptions.models import UNDELIVERED, Transcription
from transcriptions.stored import REPORT_NAME, chunks


def deliver(transcription: Transcription) -> None:
    """Write the results that are not there yet, and the report.

    Ends at the first that cannot be written: the next ones could not be either. Raises
    `FormatError` and `Gone`.
    """
    host = fetch.checked(transcription.destination).host
    done = transcription.files.exclude(result="")
    total = done.count()
    left = list(done.filter(is_delivered=False).order_by("position"))
    written = total - len(left)
    try:
        for file in left:
            _say(
                transcription, f"Writing result {written + 1:,} of {total:,} to {host}"
            )
            _write(transcription, file.result_name, str(file.result.name))
            transcription.files.filter(pk=file.pk).update(is_delivered=True)
            written += 1
        _say(transcription, f"Writing the report to {host}")
        _write(transcription, REPORT_NAME, str(transcription.report_file.name))
    except FormatError as e:
        message = f"{e} {written:,} of {total:,} results are in the container."
        raise FormatError(message, UNDELIVERED) from e


def _write(transcription: Transcription, name: str, stored: str) -> None:
    def content() -> Iterator[bytes]:
        return chunks(stored)

    container.write(
        transcription.destination_address,
        f"{transcription.pk}/{name}",
        content,
        default_storage.size(stored),
        allowed=settings.FETCH_ALLOWED_HOSTS,
    )


def _say(transcription: Transcription, stage: str) -> None:
    if not transcription.claimed().update(stage=stage[:200]):
        raise Gone(f"{transcription!r} was taken over")
