from __future__ import annotations

import pytest

from training.split import Candidate, hold_out


def clips(count: int, speakers: int = 0, **fields: object) -> list[Candidate]:
    return [
        Candidate(
            str(number),
            f"text {number}",
            1.0,
            f"speaker {number % speakers}" if speakers else "",
            number,
        )
        for number in range(count)
    ]


@pytest.mark.parametrize(
    "count, held_out", [(7, 0), (8, 4), (40, 4), (120, 12), (1999, 200), (5000, 200)]
)
def test_a_tenth_is_held_out_from_4_to_200(count: int, held_out: int) -> None:
    keys, by = hold_out(clips(count), seed=1)
    assert (len(keys), by) == (held_out, "clip" if held_out else "")


def test_whole_speakers_are_held_out_where_they_are_many() -> None:
    found = clips(100, speakers=20)
    keys, by = hold_out(found, seed=1)
    assert by == "group"
    assert 10 <= len(keys) <= 15
    inside = {clip.group for clip in found if clip.key in keys}
    outside = {clip.group for clip in found if clip.key not in keys}
    assert not inside & outside


def test_of_few_speakers_none_can_be_spared() -> None:
    keys, by = hold_out(clips(120, speakers=3), seed=1)
    assert (len(keys), by) == (12, "clip")


def test_speakers_that_some_clips_do_not_name_are_no_groups() -> None:
    found = [*clips(100, speakers=20), Candidate("nobody", "text", 1.0)]
    assert hold_out(found, seed=1)[1] == "clip"


def test_the_same_seed_holds_out_the_same_and_another_seed_others() -> None:
    found = clips(100)
    assert hold_out(found, seed=1) == hold_out(found, seed=1)
    assert hold_out(found, seed=1) != hold_out(found, seed=2)


@pytest.mark.parametrize("speakers", [0, 20])
@pytest.mark.parametrize("seed", range(5))
def test_the_same_audio_is_never_on_both_sides(speakers: int, seed: int) -> None:
    found = clips(100, speakers)
    # Each recording is there twice, under another name and with another text.
    found += [
        Candidate(f"again {clip.key}", "other", 1.0, "other", clip.audio_hash)
        for clip in found[:60]
    ]
    keys, _ = hold_out(found, seed)
    inside = {clip.audio_hash for clip in found if clip.key in keys}
    outside = {clip.audio_hash for clip in found if clip.key not in keys}
    assert not inside & outside


def test_audio_that_was_coded_anew_stays_together() -> None:
    found = clips(40)
    found += [Candidate(f"mp3 {c.key}", c.text.upper(), 1.0, "", 1000) for c in found]
    keys, _ = hold_out([c for c in found if c.audio_hash != 1000], seed=1)
    assert keys
    both = [
        Candidate(f"{kind} {n}", f"text {n}", 1.0 + n / 100, "", 2 * n + (kind == "a"))
        for n in range(40)
        for kind in "ab"
    ]
    keys, _ = hold_out(both, seed=1)
    assert keys
    for kind, other in ("ab", "ba"):
        assert all(f"{other} {key[2:]}" in keys for key in keys if key[0] == kind)
