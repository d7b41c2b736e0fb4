from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognition.listening import Timing
from recognition.messages import (
    Asked,
    Malformed,
    Message,
    Mode,
    asked_by,
    read_binary,
    read_text,
    told_by,
    write,
)
from recognition.phrases import Wanted

# As the SDK (1.53) sends it.
CONTEXT = {
    "phraseDetection": {
        "language": "en-GB",
        "enrichment": {"profanity": "raw"},
        "initialSilenceTimeout": 7000,
        "trailingSilenceTimeout": 900,
        "mode": "INTERACTIVE",
        "INTERACTIVE": {
            "segmentation": {"segmentationSilenceTimeoutMs": 800, "mode": "Custom"}
        },
    },
    "dgi": {
        "Groups": [
            {
                "Type": "Generic",
                "Items": [
                    {"Text": "Contoso"},
                    {"Text": " Jessie "},
                    {"Text": "Contoso"},
                ],
            }
        ],
        "bias": 1.5,
    },
    "audio": {"streams": {"1": None}},
    "phraseOutput": {
        "format": "Detailed",
        "detailed": {"options": ["WordTimings", "WordConfidence"]},
    },
}

# Of the parts of a context that are looked at.
NAMES = [
    *("phraseDetection", "enrichment", "mode", "INTERACTIVE", "segmentation", "dgi"),
    *("segmentationSilenceTimeoutMs", "initialSilenceTimeout", "language", "Groups"),
    *("trailingSilenceTimeout", "phraseOutput", "format", "detailed", "options"),
    *("Items", "Text", "bias", "profanity"),
]


def context(body: Any) -> Message:
    return Message("speech.context", "a", json.dumps(body))


def binary(head: bytes, sound: bytes = b"") -> bytes:
    return len(head).to_bytes(2, "big") + head + sound


def test_a_text_message_is_read() -> None:
    text = "X-Timestamp:2026-11-22T17:33:42Z\r\nPath:Speech.Context\r\n"
    assert read_text(f'{text}X-RequestId:0a1\r\n\r\n{{"a":\r\n\r\n1}}') == Message(
        "speech.context", "0a1", '{"a":\r\n\r\n1}'
    )


def test_a_binary_message_is_read() -> None:
    head = b"Path:audio\r\nX-RequestId:0a1\r\nX-StreamId:1\r\n"
    assert read_binary(binary(head, b"\1\2")) == Message("audio", "0a1", b"\1\2")
    assert read_binary(binary(head)).body == b""


def test_headers_may_be_as_long_as_their_length_can_say() -> None:
    head = b"Path:audio\r\nX-RequestId:0a1\r\nX-More:" + b"x" * 60_000
    assert read_binary(binary(head, b"\1\2")).body == b"\1\2"


@pytest.mark.parametrize(
    "data",
    [b"", b"\0", b"\xff\xffPath:audio", b"\0\5Pa", binary(b"Path:\xff")],
)
def test_a_broken_binary_message_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        read_binary(data)


@pytest.mark.parametrize(
    "text",
    ["", "Path:audio", f"X-RequestId:{'a' * 65}\r\n\r\n", "X-RequestId:a b\r\n\r\n"],
)
def test_a_broken_text_message_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        read_text(text)


def test_what_is_written_can_be_read() -> None:
    message = read_text(
        write("0a1", "speech.phrase", {"DisplayText": "Grüße\r\n\r\n."})
    )
    assert message.path == "speech.phrase"
    assert json.loads(message.body) == {"DisplayText": "Grüße\r\n\r\n."}


def test_the_address_says_what_is_asked_for() -> None:
    query = {
        "language": "en-GB",
        "format": "detailed",
        "profanity": "removed",
        "wordLevelTimestamps": "true",
        "wordLevelConfidence": "true",
        "storeAudio": "true",
        "initialSilenceTimeoutMs": "7000",
        "endSilenceTimeoutMs": "900",
    }
    assert asked_by(Mode.DICTATION, query, "en-US") == Asked(
        "en-GB",
        Mode.DICTATION,
        Wanted(True, "removed", True, True),
        0.9,
        7.0,
        is_stored=True,
    )


@pytest.mark.parametrize(
    ("mode", "silence", "longest"),
    [("interactive", 5, 15), ("conversation", 15, 25), ("dictation", 15, 25)],
)
def test_the_patience_depends_on_the_mode(
    mode: str, silence: float, longest: float
) -> None:
    asked = asked_by(Mode(mode), {}, "en-US")
    assert asked.timing == Timing(0.5, silence, longest)


def test_the_context_says_what_is_asked_for() -> None:
    asked = told_by(context(CONTEXT), asked_by(Mode.INTERACTIVE, {}, "en-US"))
    assert asked == Asked(
        "en-GB",
        Mode.INTERACTIVE,
        Wanted(True, "raw", True, True),
        0.8,
        7.0,
        ("Contoso", "Jessie"),
        1.5,
    )


def test_a_context_without_wishes_changes_nothing() -> None:
    before = asked_by(Mode.INTERACTIVE, {"format": "detailed"}, "en-US")
    assert told_by(context({}), before) == before


@pytest.mark.parametrize(("given", "seconds"), [(1, 0.1), (100, 0.1), (9000, 5.0)])
def test_a_pause_stays_within_its_bounds(given: int, seconds: float) -> None:
    body = {"phraseDetection": {"trailingSilenceTimeout": given}}
    assert told_by(context(body), Asked("en-US")).pause == seconds


@pytest.mark.parametrize(
    "body",
    [
        [],
        7,
        {"phraseDetection": 7},
        {"phraseDetection": {"trailingSilenceTimeout": "long"}},
        {"phraseDetection": {"enrichment": {"profanity": "loud"}}},
        {"phraseOutput": {"detailed": {"options": 7}}},
        {"phraseDetection": {"mode": "telepathy"}},
        {"languageId": {"languages": ["en-US", "de-DE"]}},
        {"translation": {"targetLanguages": ["de"]}},
        {"phraseDetection": {"speakerDiarization": {"mode": "Anonymous"}}},
        {"phraseDetection": {"enrichment": {"pronunciationAssessment": {"a": 1}}}},
        {"dgi": {"Groups": [{}]}},
        {"dgi": {"Groups": [{"Items": [7]}]}},
        {"dgi": {"Groups": 7}},
        {"dgi": {"bias": 3}},
        {"dgi": {"bias": "NaN"}},
        {"dgi": {"Groups": [{"Items": [{"Text": str(n)} for n in range(501)]}]}},
        {"dgi": {"Groups": [{"Items": [{"Text": "x" * 201}]}]}},
        {
            "dgi": {
                "Groups": [
                    {"Items": [{"Text": f"{n} {'x' * 150}"}]} for n in range(200)
                ]
            }
        },
        {"dgi": {"Groups": [{"Items": [{"Text": 7}]}]}},
    ],
)
def test_a_context_that_makes_no_sense_is_malformed(body: Any) -> None:
    with pytest.raises(Malformed):
        told_by(context(body), Asked("en-US"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
        ),
    )
)
def test_any_other_context_is_understood_or_malformed(body: Any) -> None:
    with suppress(Malformed):
        told_by(context(body), Asked("en-US"))


@given(st.binary(max_size=100))
def test_any_bytes_are_understood_or_malformed(data: bytes) -> None:
    with suppress(Malformed):
        read_binary(data)
    with suppress(Malformed):
        read_text(data.decode("latin1"))


def test_a_context_that_is_no_json_is_malformed() -> None:
    with pytest.raises(Malformed):
        told_by(Message("speech.context", "a", "{"), Asked("en-US"))
    with pytest.raises(Malformed):
        told_by(Message("speech.context", "a", "[" * 100_000), Asked("en-US"))


@pytest.mark.parametrize("query", [{"profanity": "loud"}, {"endSilenceTimeoutMs": "x"}])
def test_an_address_that_makes_no_sense_is_malformed(query: dict[str, str]) -> None:
    with pytest.raises(Malformed):
        asked_by(Mode.INTERACTIVE, query, "en-US")
