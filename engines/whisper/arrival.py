"""Take in a Whisper model that was made elsewhere, trusting nothing in its files.

A folder for CTranslate2 is taken as it is, one of Hugging Face's `transformers` is
converted. Either is read, loaded and made to hear a moment of silence before it
takes its place.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from engines import shelf
from engines.base import EngineError, speaks
from engines.whisper import (
    adaptation,
    catalog,
    huggingface,
    model_file,
    trial,
    weights,
)
from scoring.locale import language_of

# What a folder for CTranslate2 may hold. Anything else is left behind.
_FILES = ("config.json", "tokenizer.json", "preprocessor_config.json", "vocabulary.*")


def take_in(folder: Path, target: Path, locale: str, threads: int) -> None:
    """Make the model `target` of the files in `folder`, to recognise a locale.

    A model that is there already stays. Raises `EngineError` (BadModel) when the
    files are none that can be used.
    """
    if target.is_dir():
        return
    with shelf.unfinished(target) as work:
        if model_file.is_ctranslate2(folder):
            _adopt(folder, work)
        elif huggingface.is_huggingface(folder):
            huggingface.to_ctranslate2(folder, work)
        else:
            raise _bad(
                "It holds neither CTranslate2's model.bin nor the config.json and "
                "model.safetensors of a Whisper model for transformers."
            )
        _check_language(work, locale)
        trial.attempt(work, threads)


def _adopt(folder: Path, work: Path) -> None:
    missing = catalog.missing(folder)
    if missing:
        raise _bad(f"It has no {', '.join(missing)}.")
    weights.read(folder)
    for pattern in (model_file.FILE, *_FILES):
        for file in folder.glob(pattern):
            shutil.copyfile(file, work / file.name)
    # Read and written anew: what cannot be used is said now.
    known = adaptation.Adaptation.load(folder)
    if known:
        adaptation.Ways(known)
        known.save(work)


def _check_language(folder: Path, locale: str) -> None:
    """What was adapted to one language hears no other any more."""
    spoken = [catalog.locales(folder)]
    if known := adaptation.Adaptation.load(folder):
        spoken.append(frozenset([language_of(known.locale)]))
    if not all(speaks(languages, locale) for languages in spoken):
        raise _bad(f"It does not speak the language of this project, {locale}.")


def _bad(what: str) -> EngineError:
    return EngineError(f"The model cannot be used. {what}", "BadModel")
