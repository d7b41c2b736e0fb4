from __future__ import annotations

import pytest

from engines.captions import Caption, srt, vtt


@pytest.mark.parametrize(
    ("start", "end", "shown"),
    [
        (0, 0.0004, "00:00:00,000 --> 00:00:00,000"),
        (0.9996, 59.9999, "00:00:01,000 --> 00:01:00,000"),
        (3599.9994, 3600, "00:59:59,999 --> 01:00:00,000"),
        (359_999, 360_000.5, "99:59:59,000 --> 100:00:00,500"),
        (-0.01, 1, "00:00:00,000 --> 00:00:01,000"),
    ],
)
def test_times_are_written_to_the_nearest_millisecond(
    start: float, end: float, shown: str
) -> None:
    assert srt([Caption(start, end, "a")]) == f"1\n{shown}\na\n\n"
    assert shown.replace(",", ".") in vtt([Caption(start, end, "a")])


@pytest.mark.parametrize(
    ("text", "in_srt", "in_vtt"),
    [
        ("two\n\nlines ", "two lines", "two lines"),
        ("a < b & c > d", "a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("in --> out", "in -> out", "in --&gt; out"),
        ("", "", ""),
        ("Grüße", "Grüße", "Grüße"),
    ],
)
def test_a_text_cannot_break_out_of_its_caption(
    text: str, in_srt: str, in_vtt: str
) -> None:
    captions = [Caption(0, 1, text), Caption(1, 2, "next")]
    assert srt(captions).split("\n")[2] == in_srt
    assert vtt(captions).split("\n")[3] == in_vtt
    assert srt(captions).count("-->") == 2 == vtt(captions).count("-->")


def test_captions_are_numbered_from_one_and_none_are_a_file_as_well() -> None:
    text = srt([Caption(0, 1, "a"), Caption(1, 2, "b")])
    assert text.startswith("1\n") and "\n2\n00:00:01,000" in text
    assert srt([]) == "" and vtt([]) == "WEBVTT\n\n"
