"""An example of each kind of data, to be downloaded: how a file of it has to look.

The texts of a language are in `examples/<locale>.toml`, by the kind of data; what
has sound comes in English only, spoken by a machine, as a file of its own.
"""

from __future__ import annotations

import functools
import tomllib

from django.conf import settings

from datasets.kinds import Kind
from datasets.models import Dataset
from projects.locales import LOCALES
from scoring.locale import language_of

DEFAULT = "en-US"
WITH_SOUND = frozenset({Dataset.Kind.AUDIO.value, Dataset.Kind.ACOUSTIC.value})
_FOLDER = settings.BASE_DIR / "datasets" / "examples"

# Those that there are, in the order of the list of languages.
TEXT_LOCALES = tuple(tag for tag, _ in LOCALES if (_FOLDER / f"{tag}.toml").is_file())


def locale_of(kind: Kind, locale: str) -> str:
    """The locale of the example that is given: of the same language if there is one.

    >>> from datasets.kinds import BY_VALUE
    >>> text, sound = BY_VALUE["Language"], BY_VALUE["Acoustic"]
    >>> [locale_of(text, tag) for tag in ("de-DE", "de-AT", "en-AU", "fi-FI")]
    ['de-DE', 'de-DE', 'en-US', 'en-US']
    >>> locale_of(sound, "de-DE")
    'en-US'
    """
    if kind.value in WITH_SOUND:
        return DEFAULT
    spoken = language_of(locale)
    near = [tag for tag in TEXT_LOCALES if language_of(tag) == spoken]
    wanted = (locale, DEFAULT, *near)
    return next((tag for tag in wanted if tag in near), DEFAULT)


def name_of(kind: Kind, locale: str) -> str:
    """What the example is called when it is downloaded.

    >>> from datasets.kinds import BY_VALUE
    >>> name_of(BY_VALUE["Language"], "de-DE"), name_of(BY_VALUE["Acoustic"], "de-DE")
    ('example-language-de-DE.txt', 'example-acoustic-en-US.zip')
    """
    return f"example-{kind.value.lower()}-{locale_of(kind, locale)}{kind.suffixes[0]}"


def content(kind: Kind, locale: str) -> bytes:
    """The file itself: texts in UTF-8 with a byte order mark, as all formats ask."""
    if kind.value in WITH_SOUND:
        return (_FOLDER / f"example-{kind.value.lower()}.zip").read_bytes()
    return _texts(locale_of(kind, locale))[kind.value].encode("utf-8-sig")


@functools.cache
def _texts(locale: str) -> dict[str, str]:
    return tomllib.loads((_FOLDER / f"{locale}.toml").read_text(encoding="utf-8"))
