"""What is suspicious about a set of utterances: warnings, never refusals.

What can be heard in a single recording (clipping, silence, level) is judged where
it is measured; here the utterances are compared with each other and with what
people can say. `examine` gives, with `position` set where there is something to
listen to:

doctor.same_audio        The same samples as an earlier utterance.
doctor.same_text         A note: the same text as an earlier one of at least five
                         words (ten characters where no spaces are written). Shorter
                         ones are prompts. Where more than a third of the set
                         repeats texts, it was read from a list: one note for all.
doctor.text_too_long     More letters a second than a person can say: 30, which is
                         twice fast English; 11 of Chinese, 16 of Japanese, 13 of
                         Korean. Or 2.5 times as many as the median of the set.
doctor.text_too_short    Fewer than 1.5 letters a second (0.5 of Chinese, Japanese
                         and Korean) in at least 5 s that are not silent. Or a third
                         of the set's median in at least 3 s.
                         The median is asked from 20 utterances on, and never
                         contradicted where rates differ much: what lies within six
                         median absolute deviations is usual. A digit counts as four
                         letters, because it is said as a word.
doctor.rare_characters   From 100 utterances on: characters of one utterance only
                         that are no letters, digits or usual punctuation of the
                         locale. They are mostly typing errors or a wrong encoding.
doctor.other_script      Most letters are not those of the locale.
doctor.other_language    See `datasets.language`. At most 5,000 texts of a set are
                         looked at, evenly spread, which takes 1.5 s.
doctor.mixed_rates       Once: recordings below 16 kHz, such as those of telephones,
                         and others in one set.

The time grows with the number of utterances and no faster: 100,000 take some 5 s.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from datasets.formats.base import Issue, Level, shown
from datasets.language import foreign_language, foreign_script, is_at_home
from datasets.seen import Seen
from datasets.words import bare, is_spaced
from projects.locales import language_name
from scoring.locale import language_of

_MIN_REPEATED_WORDS = 5
_MIN_REPEATED_CHARACTERS = 10
_PROMPTED = 1 / 3  # of the set repeats texts
_MIN_FOR_MEDIAN = 20
_MIN_FOR_RARE = 100
_MAX_LANGUAGE_CHECKS = 5_000
_SPREAD = 6 * 1.4826  # median absolute deviations, as standard deviations
_MOST_TIMES = 2.5
_LEAST_TIMES = 3
_WIDE_BAND_HZ = 16_000
_MAX_CHARACTERS_NAMED = 5

_USUAL_SIGNS = frozenset(" \t.,?!'\"-:;()%&/+$")
_LETTERS = re.compile(r"[^\W\d_]+")
_DIGITS = re.compile(r"\d+")
_ENGLISH_ACCENTS = frozenset("éèêëàäáçïîñöôóüÉ")


@dataclass(frozen=True)
class _Pace:
    """Limits in letters a second."""

    most: float = 30.0
    least: float = 1.5


_PACES = {
    **dict.fromkeys(("zh", "yue", "wuu"), _Pace(11, 0.5)),
    "ja": _Pace(16, 0.5),
    "ko": _Pace(13, 0.5),
}


def examine(utterances: Sequence[Seen], locale: str) -> Iterator[Issue]:
    """All warnings and notes about a set."""
    yield from _mixed_rates(utterances)
    yield from _same_audio(utterances)
    texts = [u for u in utterances if u.transcript]
    yield from _same_text(texts, locale)
    yield from _paces(texts, locale)
    foreign: set[int] = set()
    for issue in _foreign(texts, locale):
        foreign.add(issue.position or 0)
        yield issue
    yield from _rare(texts, foreign, locale)


def is_usual(character: str, locale: str) -> bool:
    """Whether nobody wonders about the character in a text of this locale.

    >>> [is_usual(c, "en-US") for c in "aé5ж@"]
    [True, True, True, False, False]
    """
    if character.isascii():
        return character.isalnum() or character in _USUAL_SIGNS
    kind = unicodedata.category(character)
    if kind[0] in "PMZ" or kind == "Sc":
        return True
    if kind[0] == "L" and language_of(locale) == "en":
        return character in _ENGLISH_ACCENTS
    return (kind[0] == "L" or kind == "Nd") and is_at_home(character, locale)


def named(characters: Sequence[str]) -> str:
    """A few characters with their code points, for a message.

    >>> named(["Ã", "¤"])
    'Ã (U+00C3) and ¤ (U+00A4)'
    """
    some = [f"{shown(c)} (U+{ord(c):04X})" for c in characters[:_MAX_CHARACTERS_NAMED]]
    more = len(characters) - len(some)
    if more:
        some.append(f"{more} more")
    return " and ".join([", ".join(some[:-1]), some[-1]] if some[1:] else some)


def _issue(
    u: Seen,
    rule: str,
    message: str,
    advice: str = "",
    *,
    level: Level = "warning",
    about_text: bool = True,
) -> Issue:
    in_file = about_text and bool(u.file)
    return Issue(
        level=level,
        file=u.file if in_file else u.name,
        line=u.line if in_file else None,
        rule=f"doctor.{rule}",
        message=message,
        advice=advice,
        position=u.position,
    )


def _place(u: Seen) -> str:
    return f"{u.name} (line {u.line})" if u.file and u.line else u.name


def _mixed_rates(utterances: Sequence[Seen]) -> Iterator[Issue]:
    rates = Counter(u.source_rate_hz for u in utterances if u.source_rate_hz)
    narrow = sum(count for rate, count in rates.items() if rate < _WIDE_BAND_HZ)
    wide = sum(rates.values()) - narrow
    if not narrow or not wide:
        return
    message = f"{narrow:,} of the recordings have a sample rate below 16 kHz, as "
    message += f"telephones have, and {wide:,} a higher one"
    advice = "keep them apart if the model is for one of both only"
    yield Issue("warning", "", None, "doctor.mixed_rates", message, advice)


def _same_audio(utterances: Sequence[Seen]) -> Iterator[Issue]:
    first: dict[int, Seen] = {}
    for u in utterances:
        if u.audio_hash is None:
            continue
        other = first.setdefault(u.audio_hash, u)
        if other is u:
            continue
        message = f"{u.name} is the same recording as {_place(other)}"
        if u.transcript != other.transcript:
            message += ", but has another text"
        advice = "keep one of them"
        yield _issue(u, "same_audio", message, advice, about_text=False)


def _same_text(texts: Sequence[Seen], locale: str) -> Iterator[Issue]:
    groups: dict[str, list[Seen]] = defaultdict(list)
    for u in texts:
        groups[bare(u.transcript, locale)].append(u)
    groups.pop("", None)
    repeats = len(texts) - len(groups)
    least = _MIN_REPEATED_WORDS if is_spaced(locale) else _MIN_REPEATED_CHARACTERS
    same = [g for text, g in groups.items() if g[1:] and text.count(" ") + 1 >= least]
    repeated = sum(len(group) - 1 for group in same)
    if len(texts) >= _MIN_FOR_MEDIAN and repeats > _PROMPTED * len(texts):
        if repeated:
            message = f"{repeats:,} of {len(texts):,} utterances have a text that "
            message += "occurs before, as when people read from a list"
            yield Issue("note", "", None, "doctor.same_text", message)
        return
    for group in same:
        for u in group[1:]:
            message = f"{u.name} has the same text as {_place(group[0])}"
            if len(group) > 2:
                message += f"; {len(group):,} utterances have it"
            yield _issue(u, "same_text", message, level="note")


def _letters(text: str) -> int:
    """Letters that are said; a digit is said as a word of some four."""
    digits = sum(map(len, _DIGITS.findall(text)))
    return sum(map(len, _LETTERS.findall(text))) + 4 * digits


def _speech(u: Seen) -> float:
    """Seconds that are not silent, as far as that was measured."""
    return u.seconds * (1 - (u.silence or 0.0))


@dataclass(frozen=True)
class _Usual:
    """What is usual in a set: the median rate, and by what factors others differ."""

    rate: float
    most_times: float
    least_times: float


def _usual(rates: Sequence[float]) -> _Usual:
    if len(rates) < _MIN_FOR_MEDIAN:
        return _Usual(0.0, 1.0, 1.0)
    logs = [math.log(rate) for rate in rates]
    middle = median(logs)
    spread = math.exp(_SPREAD * median(abs(value - middle) for value in logs))
    return _Usual(math.exp(middle), max(_MOST_TIMES, spread), max(_LEAST_TIMES, spread))


def _paces(texts: Sequence[Seen], locale: str) -> Iterator[Issue]:
    pace = _PACES.get(language_of(locale), _Pace())
    counted = [(u, _letters(u.transcript)) for u in texts if u.seconds > 0]
    counted = [(u, letters) for u, letters in counted if letters]
    usual = _usual([letters / u.seconds for u, letters in counted])
    for u, letters in counted:
        rate = letters / u.seconds
        heard = letters / max(_speech(u), 0.1)
        is_long = letters > pace.most * u.seconds + 3
        is_odd_long = (
            usual.rate and letters >= 10 and rate > usual.rate * (usual.most_times)
        )
        is_short = _speech(u) >= 5 and heard < pace.least
        is_odd_short = _speech(u) >= 3 and heard * usual.least_times < usual.rate
        if is_long or is_odd_long:
            yield _issue(u, "text_too_long", *_long(u, letters, usual, bool(is_long)))
        elif is_short or is_odd_short:
            yield _issue(u, "text_too_short", *_short(u, letters, usual, is_short))


def _long(u: Seen, letters: int, usual: _Usual, absolute: bool) -> tuple[str, str]:
    message = f"the text of {u.name} is too long for its {u.seconds:.1f} s: "
    message += f"{letters / u.seconds:.0f} letters a second, "
    reason = f"and the usual rate of the set is {usual.rate:.0f}"
    message += "and nobody speaks as fast" if absolute else reason
    return message, "is the recording cut off, or the text that of another one?"


def _short(u: Seen, letters: int, usual: _Usual, absolute: bool) -> tuple[str, str]:
    message = f"the text of {u.name} is too short for {_speech(u):.1f} s of sound: "
    message += f"{letters / _speech(u):.1f} letters a second"
    reason = f", and the usual rate of the set is {usual.rate:.0f}"
    message += "" if absolute else reason
    return message, "is all that is said written down?"


def _foreign(texts: Sequence[Seen], locale: str) -> Iterator[Issue]:
    ours = language_name(locale).split(" (")[0]
    advice = "check that the text, and the language of the project, are right"
    step = -(-len(texts) // _MAX_LANGUAGE_CHECKS)
    for number, u in enumerate(texts):
        letters = foreign_script(u.transcript, locale)
        if letters:
            message = f"the text of {u.name} is in {letters}, which {ours} has not"
            yield _issue(u, "other_script", message, advice)
        elif number % step == 0:
            other = foreign_language(u.transcript, locale)
            if other:
                message = f"the text of {u.name} looks like {other}, not {ours}"
                yield _issue(u, "other_language", message, advice)


def _rare(texts: Sequence[Seen], foreign: set[int], locale: str) -> Iterator[Issue]:
    if len(texts) < _MIN_FOR_RARE:
        return
    counts: Counter[str] = Counter()
    for u in texts:
        counts.update(frozenset(u.transcript))
    rare = {c for c, n in counts.items() if n == 1 and not is_usual(c, locale)}
    if not rare:
        return
    for u in texts:
        found = rare.intersection(u.transcript)
        if not found or u.position in foreign:
            continue
        ordered = sorted(found, key=u.transcript.index)
        message = f"the text of {u.name} has {named(ordered)}, seen nowhere else in "
        message += "the set"
        yield _issue(u, "rare_characters", message, "is it a slip or wrongly decoded?")
