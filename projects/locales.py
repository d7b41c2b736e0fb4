"""The locales a project can have: BCP 47 tags with English names.

A selection of the locales that the Speech to text service lists; what can be
recognised in each depends on the engine's base models.
"""

from __future__ import annotations

LOCALES = [
    ("ar-EG", "Arabic (Egypt)"),
    ("ar-SA", "Arabic (Saudi Arabia)"),
    ("bg-BG", "Bulgarian (Bulgaria)"),
    ("ca-ES", "Catalan (Spain)"),
    ("cs-CZ", "Czech (Czechia)"),
    ("da-DK", "Danish (Denmark)"),
    ("de-AT", "German (Austria)"),
    ("de-CH", "German (Switzerland)"),
    ("de-DE", "German (Germany)"),
    ("el-GR", "Greek (Greece)"),
    ("en-AU", "English (Australia)"),
    ("en-CA", "English (Canada)"),
    ("en-GB", "English (United Kingdom)"),
    ("en-HK", "English (Hong Kong SAR)"),
    ("en-IE", "English (Ireland)"),
    ("en-IN", "English (India)"),
    ("en-KE", "English (Kenya)"),
    ("en-NG", "English (Nigeria)"),
    ("en-NZ", "English (New Zealand)"),
    ("en-PH", "English (Philippines)"),
    ("en-SG", "English (Singapore)"),
    ("en-US", "English (United States)"),
    ("en-ZA", "English (South Africa)"),
    ("es-ES", "Spanish (Spain)"),
    ("es-MX", "Spanish (Mexico)"),
    ("et-EE", "Estonian (Estonia)"),
    ("fi-FI", "Finnish (Finland)"),
    ("fr-CA", "French (Canada)"),
    ("fr-FR", "French (France)"),
    ("he-IL", "Hebrew (Israel)"),
    ("hi-IN", "Hindi (India)"),
    ("hr-HR", "Croatian (Croatia)"),
    ("hu-HU", "Hungarian (Hungary)"),
    ("id-ID", "Indonesian (Indonesia)"),
    ("it-IT", "Italian (Italy)"),
    ("ja-JP", "Japanese (Japan)"),
    ("ko-KR", "Korean (Korea)"),
    ("lt-LT", "Lithuanian (Lithuania)"),
    ("lv-LV", "Latvian (Latvia)"),
    ("nb-NO", "Norwegian Bokmål (Norway)"),
    ("nl-NL", "Dutch (Netherlands)"),
    ("pl-PL", "Polish (Poland)"),
    ("pt-BR", "Portuguese (Brazil)"),
    ("pt-PT", "Portuguese (Portugal)"),
    ("ro-RO", "Romanian (Romania)"),
    ("ru-RU", "Russian (Russia)"),
    ("sk-SK", "Slovak (Slovakia)"),
    ("sl-SI", "Slovenian (Slovenia)"),
    ("sv-SE", "Swedish (Sweden)"),
    ("th-TH", "Thai (Thailand)"),
    ("tr-TR", "Turkish (Türkiye)"),
    ("uk-UA", "Ukrainian (Ukraine)"),
    ("vi-VN", "Vietnamese (Vietnam)"),
    ("zh-CN", "Chinese (Mandarin, Simplified)"),
    ("zh-HK", "Chinese (Cantonese, Traditional)"),
    ("zh-TW", "Chinese (Taiwanese Mandarin, Traditional)"),
]

_NAMES = dict(LOCALES)


def language_name(locale: str) -> str:
    """The English name, or the tag itself when it is not listed.

    >>> language_name("de-DE"), language_name("tlh")
    ('German (Germany)', 'tlh')
    """
    return _NAMES.get(locale, locale)
