"""Which language a text is probably in, as far as the letters and words tell.

The words are judged by a naive Bayes classifier of byte sequences, restricted to
the languages that a project can have. Text of names and commands looks foreign to
it with up to 76 % (of 4,357 lines such as "Navigate to Zbigniew Moszczynski"),
whole foreign sentences with 97 % or more; a text is said to be foreign from 95 % on
when its own language has less than 1 %. Shorter texts than 20 letters are not
judged. A text costs about 0.3 ms, the model a second and 100 MB, when it is first
needed.

The letters are judged by their scripts: most of them must be of one in which the
language is written. Latin letters are at home everywhere.

Reference: Lui and Baldwin (2012), langid.py: An Off-the-shelf Language
Identification Tool, https://aclanthology.org/P12-3005/
"""

from __future__ import annotations

import unicodedata
from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from projects.locales import LOCALES
from scoring.locale import language_of

MIN_LETTERS = 20
MIN_FOREIGN_LETTERS = 3
_CERTAIN = 0.95
_RULED_OUT = 0.01
_MAX_CHARACTERS = 300  # more of a text make it no clearer

# What the classifier calls them, and what it cannot tell apart in writing.
_ALIASES = {"nb": "no", "nn": "no", "fil": "tl", "yue": "zh", "iw": "he"}
_ALIKE = ({"da", "no"}, {"id", "ms"}, {"hr", "sr", "bs", "sl"}, {"zh", "yue"})
# As Unicode begins the names of their letters. Not listed: Latin only.
_SCRIPTS = {
    **dict.fromkeys(("bg", "ru", "uk", "mk", "sr", "kk"), ("CYRILLIC",)),
    **dict.fromkeys(("ar", "fa", "ur", "ps"), ("ARABIC",)),
    **dict.fromkeys(("hi", "mr", "ne"), ("DEVANAGARI",)),
    **dict.fromkeys(("zh", "yue", "wuu"), ("CJK", "BOPOMOFO")),
    "ja": ("CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"),
    "ko": ("HANGUL", "CJK"),
    "el": ("GREEK",),
    "he": ("HEBREW",),
    "th": ("THAI",),
}
_NAMES = {
    "CJK": "Chinese characters",
    "HIRAGANA": "Japanese kana",
    "KATAKANA": "Japanese kana",
    "HANGUL": "Korean letters",
}


def script(letter: str) -> str:
    """The first word of its name in Unicode: LATIN, GREEK, CJK, ...; "" for none.

    >>> script("a"), script("ж"), script("東")
    ('LATIN', 'CYRILLIC', 'CJK')
    """
    name = unicodedata.name(letter, "").split(" ", 1)[0]
    return {"FULLWIDTH": "LATIN", "HALFWIDTH": "KATAKANA"}.get(name, name)


def is_at_home(letter: str, locale: str) -> bool:
    """Whether a letter is of a script of this locale, or Latin.

    >>> is_at_home("ж", "ru-RU"), is_at_home("ж", "en-US"), is_at_home("a", "ru-RU")
    (True, False, True)
    """
    return script(letter) in ("LATIN", *_SCRIPTS.get(language_of(locale), ()))


def foreign_script(text: str, locale: str) -> str:
    """The letters that most of the text is written in, when they are not of this
    locale, in words; else empty.

    >>> foreign_script("доброе утро", "en-US"), foreign_script("good", "en-US")
    ('Cyrillic letters', '')
    """
    if text.isascii():
        return ""
    letters = [c for c in text[:_MAX_CHARACTERS] if c.isalpha()]
    foreign = [c for c in letters if c > "\x7f" and not is_at_home(c, locale)]
    if len(foreign) < MIN_FOREIGN_LETTERS or 2 * len(foreign) < len(letters):
        return ""
    name = script(foreign[0])
    return _NAMES.get(name, f"{name.capitalize()} letters")


def foreign_language(text: str, locale: str) -> str:
    """The name of the language that the text is in, when it is almost certainly not
    that of the locale; else empty.

    >>> foreign_language("Il fait beau aujourd'hui dans la ville.", "en-US")
    'French'
    """
    own = _ALIASES.get(language_of(locale), language_of(locale))
    text = text[:_MAX_CHARACTERS]
    if own not in _names() or sum(map(str.isalpha, text)) < MIN_LETTERS:
        return ""
    (first, certainty), *others = _identifier().rank(text)
    alike = next((group for group in _ALIKE if own in group), {own})
    if first in alike or certainty < _CERTAIN or dict(others)[own] > _RULED_OUT:
        return ""
    return _names()[first]


@cache
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(_names())
    return identifier


@cache
def _names() -> dict[str, str]:
    """The languages that a project can have; the classifier knows them all."""
    names = {language_of(locale): name.split(" (")[0] for locale, name in LOCALES}
    return {_ALIASES.get(tag, tag): name for tag, name in names.items()}
