"""What the tag of a locale says, such as "en-GB"."""

from __future__ import annotations


def language_of(locale: str) -> str:
    """The language of a locale, without its region.

    >>> language_of("pt-BR"), language_of("zh_CN")
    ('pt', 'zh')
    """
    return locale.replace("_", "-").partition("-")[0].lower()
