"""The tokens of display text, as it is read: case, signs and number format count.

A token is a word or a number as it is written (`don't`, `3,585`, `$5.50`, `21st`,
`p.m.`, `7:30`) or a sign (`,`, `?`, `"`, a dash between words). So a comma that is
missing is one error, and does not make the word before it wrong. In locales without
spaces a token is a character or a sign.

The same sign in a row is one token (`...`). Forms that only typography tells apart
are the same: quotation marks, apostrophes, dashes, compatibility forms.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from scoring.locale import language_of
from scoring.normalization import Token, fold_case, shape, straight, unit

_SPOKEN_SIGNS = frozenset("%&$£€¥₹")
_SAME_SIGN = str.maketrans(
    dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033\uff02", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
)

# Of shapes, see `normalization.shape`. A sign before a number and one behind it are
# parts of it: "-5", "$5", ".5", "5%", "5€".
_BEFORE = r"(?:(?<![^ _(])-(?=[$.]?0))?(?:\$(?=\.?0))?(?:\.(?=0))?"
_INSIDE = r"[a0mx]|'(?=a)|(?<=0)[.,:/-](?=0)"
_TOKENS = re.compile(
    r"(?P<abbreviation>(?<![a0mx'.])a(?:\.a)+\.?(?![a0mx]))"
    rf"|(?P<word>{_BEFORE}[a0](?:{_INSIDE})*(?:(?<=0)[%$])?)"
    r"|(?P<sign>[^ a0mx])"
)
_CHARACTERS = re.compile(r"(?P<word>[a0][mx]*)|(?P<sign>[^ a0mx])")


def is_formatted(text: str) -> bool:
    """Whether the text seems to be written as it is to be read: with capitals or with
    signs between its words.

    >>> is_formatted("Yes, it is."), is_formatted("yes it's a well-known fact")
    (True, False)
    """
    if text != text.lower():
        return True
    return any(unicodedata.category(sign) == "Po" and sign != "'" for sign in text)


def tokenize(text: str, locale: str) -> list[Token]:
    """The tokens in order; they do not overlap.

    >>> [token.text for token in tokenize("Well, it's 7:30 p.m. -- go!", "en-US")]
    ['Well', ',', "it's", '7:30', 'p.m.', '--', 'go', '!']
    """
    pattern = _CHARACTERS if unit(locale) == "character" else _TOKENS
    tokens: list[Token] = []
    text = straight(text).translate(_SAME_SIGN)  # no character more or less
    for match in pattern.finditer(shape(text)):
        start, end = match.span()
        written = text[start:end]
        if match.lastgroup == "sign" and tokens and tokens[-1].end == start:
            last = tokens[-1]
            if text[last.start : start] == written * (start - last.start):
                start = tokens.pop().start
                written = text[start:end]
        tokens.append(Token(_canonical(written), start, end))
    return tokens


def words(text: str, locale: str) -> list[str]:
    """The texts of `tokenize`."""
    return [token.text for token in tokenize(text, locale)]


def is_sign(token: str) -> bool:
    """Whether this token is punctuation or a symbol that nobody speaks.

    >>> is_sign("?"), is_sign("%"), is_sign("p.m.")
    (True, False, False)
    """
    if token.isalnum() or token in _SPOKEN_SIGNS:
        return False
    return not any(map(str.isalnum, token))


def plain(tokens: Iterable[Token], locale: str) -> list[Token]:
    """As `unsigned`, in one case.

    >>> [token.text for token in plain(tokenize("At 7:30 P.M.!", "en-US"), "en-US")]
    ['at', '7:30', 'pm']
    """
    language = language_of(locale)
    return [
        Token(fold_case(token.text, language), token.start, token.end)
        for token in unsigned(tokens)
    ]


def unsigned(tokens: Iterable[Token]) -> list[Token]:
    """Without signs, and abbreviations without their dots; numbers as written."""
    return [
        Token(_undotted(token.text), token.start, token.end)
        for token in tokens
        if not is_sign(token.text)
    ]


def _undotted(token: str) -> str:
    if "." in token and not any(map(str.isdecimal, token)):
        return token.replace(".", "")
    return token


def _canonical(written: str) -> str:
    if written.isascii():
        return written
    folded = straight(unicodedata.normalize("NFKC", written))
    visible = zip(folded, shape(folded), strict=True)
    return "".join(c for c, kind in visible if kind not in "x ") or written
