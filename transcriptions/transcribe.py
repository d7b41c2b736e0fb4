"""Transcribe one file: get hold of it, convert it, hear each channel, keep the result.

An idempotent job: whoever follows a dead worker takes over the converted sound, and
hears the file anew.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import transaction
from django.utils.timezone import now

from datasets import fetch
from datasets.formats.base import AudioError, FormatError
from editor.disk import look_ahead, told_when_full
from engines.base import Clip, Decoding, EngineError, LocalEngine
from engines.display.forms import Writer
from engines.registry import get_engine
from engines.segments import segments
from jobs.models import Gone
from projects.storage import local_copy
from training.models import SpeechModel
from transcriptions import sound
from transcriptions.models import Sketch, Transcription, TranscriptionFile
from transcriptions.phrases import Phrase, phrases
from transcriptions.results import result
from transcriptions.wording import Wording, Written

MAX_BYTES = 1024**3  # of a file, as in the reference
_AT_ONCE = 32  # segments that are in memory: at most 25 MB
_SHOWN_CHARACTERS = 300


def transcribe(file: TranscriptionFile) -> None:
    """Raises `FormatError`, `DiskFull`, and `EngineError`."""
    model = file.transcription.model
    if model is None:
        raise EngineError("The model was deleted before it was used.", "InvalidModel")
    _clear_away(file)
    with told_when_full():
        look_ahead()
        if not file.audio:
            _take_in(file)
        _say(file, "Transcribing")
        written = _written(file, model)
        _keep(file, written)


def _clear_away(file: TranscriptionFile) -> None:
    """Delete what a worker left that died."""
    for left in Path(settings.FILE_UPLOAD_TEMP_DIR).glob(f"*.{file.pk}"):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)
    for attempt in range(1, file.attempt):
        for name in (_audio_name(file, attempt), _result_name(file, attempt)):
            if name != file.audio.name:
                default_storage.delete(name)


def _take_in(file: TranscriptionFile) -> None:
    """Have `file.audio`. What it was made of goes when it is there."""
    with TemporaryUploadedFile(f"audio.{file.pk}", "", 0, None) as target:
        path = Path(target.temporary_file_path())
        try:
            converted = _converted(file, path)
        except AudioError as e:
            raise FormatError(f"The file {e}.", e.rule) from e
        target.size = path.stat().st_size
        name = default_storage.save(_audio_name(file, file.attempt), target)
    upload = file.upload.name
    with transaction.atomic():
        ours = file.claimed().update(
            audio=name,
            upload="",
            url_sealed="",
            seconds=converted.seconds,
            channels=converted.channels,
        )
        if ours:
            Sketch.objects.update_or_create(
                file=file, defaults={"peaks": converted.peaks}
            )
    if not ours:
        default_storage.delete(name)
        raise Gone(f"{file!r} was taken over")
    if upload:
        default_storage.delete(upload)
    file.refresh_from_db()


def _converted(file: TranscriptionFile, target: Path) -> sound.Sound:
    wanted = file.transcription.channels
    if file.url:
        host = fetch.checked(file.url).host
        _say(file, f"Fetching from {host}"[:200])
        with TemporaryUploadedFile(f"source.{file.pk}", "", 0, None) as source:
            fetch.fetch(
                file.address,
                source,
                MAX_BYTES,
                allowed=settings.FETCH_ALLOWED_HOSTS,
                report=lambda done, total: _go_on(file),
            )
            _say(file, "Converting")
            with Path(source.temporary_file_path()).open("rb") as fetched:
                return sound.convert(fetched, target, wanted)
    _say(file, "Converting")
    try:
        with local_copy(file.upload.name) as path, path.open("rb") as source:
            return sound.convert(source, target, wanted)
    except FileNotFoundError as e:
        message = "The file is not on the server any more. Upload it again."
        raise FormatError(message, "upload.gone") from e


def _written(file: TranscriptionFile, model: SpeechModel) -> list[Written]:
    """All that is said in the file, in the forms that are wanted."""
    transcription = file.transcription
    engine = get_engine(model.engine)
    locale = transcription.project.locale
    wording = Wording(
        Writer(engine.rules(model.reference), locale),
        transcription.profanity,
        transcription.punctuation != Transcription.Punctuation.NONE,
    )
    try:
        with (
            local_copy(file.audio.name) as path,
            tempfile.TemporaryDirectory(
                suffix=f".{file.pk}", dir=settings.FILE_UPLOAD_TEMP_DIR
            ) as folder,
        ):
            heard = _heard(file, engine, model, sound.split(path, Path(folder)))
            return [wording.written(phrase) for phrase in heard]
    except FileNotFoundError as e:
        message = "The recording was deleted before it was transcribed."
        raise FormatError(message, "InvalidDataset") from e


def _heard(
    file: TranscriptionFile, engine: LocalEngine, model: SpeechModel, paths: list[Path]
) -> Iterator[Phrase]:
    spans = [
        (channel, path, start, end)
        for channel, path in zip(file.channels, paths, strict=True)
        for start, end in segments(engine.speech(path))
    ]
    options = Decoding(file.transcription.project.locale)
    for first in range(0, len(spans), _AT_ONCE):
        file.report(first, len(spans))
        now_heard = dict(enumerate(spans[first : first + _AT_ONCE], start=first))
        clips = [
            Clip(str(key), pcm=sound.part(path, start, end))
            for key, (_, path, start, end) in now_heard.items()
        ]
        for transcript in engine.transcribe(model.reference, clips, options):
            if transcript.error:
                raise transcript.error
            channel, _, start, end = now_heard.pop(int(transcript.key))
            yield from phrases(transcript, channel, start, end)
        if now_heard:
            raise EngineError(f"The engine gave no result for {len(now_heard)} parts.")
    file.report(len(spans), len(spans))


def _keep(file: TranscriptionFile, written: list[Written]) -> None:
    """Store the result, while the job is still ours."""
    transcription = file.transcription
    made = result(
        file.source,
        now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        file.seconds,
        file.channels,
        written,
        locale=transcription.project.locale,
        has_words=transcription.has_word_times,
        has_display_words=transcription.has_display_word_times,
    )
    content = json.dumps(made, ensure_ascii=False, indent=2).encode()
    name = default_storage.save(_result_name(file, file.attempt), ContentFile(content))
    text = " ".join(one["display"] for one in made["combinedRecognizedPhrases"])
    shown = text.strip()[:_SHOWN_CHARACTERS]
    if not file.succeed(result=name, text=shown, stage=""):
        default_storage.delete(name)
        raise Gone(f"{file!r} was taken over")


def _go_on(file: TranscriptionFile) -> None:
    """Raises `Gone` when the job is not ours any more, and `DiskFull`."""
    file.report(0, 0)
    look_ahead()


def _say(file: TranscriptionFile, stage: str) -> None:
    file.claimed().update(stage=stage)


def _audio_name(file: TranscriptionFile, attempt: int) -> str:
    # Each try has names of its own: one that comes to its senses late must not take
    # away what its successor has made.
    return f"{file.transcription.folder}/audio/{file.position:06}-{attempt}.wav"


def _result_name(file: TranscriptionFile, attempt: int) -> str:
    return f"{file.transcription.folder}/results/{file.position:06}-{attempt}.json"
