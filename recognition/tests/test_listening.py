from __future__ import annotations

import pytest

from recognition.listening import Kind, Listening, Timing

SPEECH, QUIET = b"\xff", b"\x00"
# 16 steps of 32 ms are half a second.
TIMING = Timing(pause=16 * 0.032, initial_silence=1.6, longest=6.4)


def changes(shares: bytes, timing: Timing = TIMING) -> list[tuple[Kind, int, int]]:
    listening = Listening(timing)
    found = [listening.hear(share) for share in shares]
    found.append(listening.finish())
    return [(one.kind, one.start, one.end) for one in found if one]


def test_a_phrase_begins_with_room_and_ends_after_the_pause() -> None:
    assert changes(QUIET * 20 + SPEECH * 30 + QUIET * 16) == [
        (Kind.BEGAN, 14, 23),
        (Kind.PAUSED, 14, 54),
        (Kind.ENDED, 14, 54),
    ]


def test_the_first_moment_of_silence_covers_the_same_as_the_end() -> None:
    found = changes(QUIET * 20 + SPEECH * 30 + QUIET * 30)
    (paused,) = [one for one in found if one[0] is Kind.PAUSED]
    (ended,) = [one for one in found if one[0] is Kind.ENDED]
    assert paused[1:] == ended[1:]


def test_somebody_who_goes_on_is_in_the_same_phrase() -> None:
    found = changes(SPEECH * 10 + QUIET * 10 + SPEECH * 10 + QUIET * 16)
    kinds = [kind for kind, _, _ in found]
    assert kinds == [Kind.BEGAN, Kind.PAUSED, Kind.RESUMED, Kind.PAUSED, Kind.ENDED]
    assert found[-1] == (Kind.ENDED, 0, 34)


def test_two_phrases_share_no_sound() -> None:
    found = changes((SPEECH * 10 + QUIET * 16) * 2 + QUIET * 4)
    ends = [(start, end) for kind, start, end in found if kind is Kind.ENDED]
    assert ends == [(0, 14), (20, 40)]


@pytest.mark.parametrize("shares", [SPEECH * 2 + QUIET * 8, b"\x70" * 10])
def test_clicks_and_murmur_are_no_speech(shares: bytes) -> None:
    assert changes(shares * 4) == []


def test_a_soft_syllable_ends_nothing() -> None:
    assert changes(SPEECH * 5 + b"\x70" * 30 + SPEECH * 5) == [
        (Kind.BEGAN, 0, 3),
        (Kind.ENDED, 0, 40),
    ]


def test_silence_at_first_is_told_once() -> None:
    assert changes(QUIET * 200) == [(Kind.SILENT, 0, 50)]


def test_silence_between_phrases_is_not_told() -> None:
    found = changes(SPEECH * 5 + QUIET * 200)
    assert Kind.SILENT not in [kind for kind, _, _ in found]


def test_a_long_phrase_is_cut_where_it_is_calmest() -> None:
    calm = SPEECH * 150 + b"\x80" * 6 + SPEECH * 44
    (began, cut, ended) = changes(calm + SPEECH * 50)
    assert began[0] is Kind.BEGAN
    assert cut == (Kind.CUT, 0, 153)
    assert ended == (Kind.ENDED, 153, 250)


def test_a_long_phrase_that_nobody_goes_on_with_ends() -> None:
    slow = Timing(pause=5.0, longest=6.4)
    found = changes(SPEECH * 150 + QUIET * 60, slow)
    assert found[-1] == (Kind.ENDED, 0, 154)


def test_hours_of_speech_keep_no_more_than_a_phrase() -> None:
    listening = Listening(TIMING)
    longest = 0
    for _ in range(20_000):
        listening.hear(255)
        longest = max(longest, len(listening._shares))
    assert longest <= 200
