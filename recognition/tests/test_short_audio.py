from __future__ import annotations

import asyncio
import io
import threading
from typing import Any
from unittest.mock import patch

import av
import numpy as np

from endpoints import keys, tokens, usage
from endpoints.models import LogEntry, Usage
from engines.base import EngineError
from engines.display.rules import Rules
from engines.fake import FakeEngine
from recognition import audio, short_audio, writers
from recognition.access import forget
from recognition.places import Places
from recognition.recogniser import Busy, Recogniser
from recognition.tests.data_plane import (
    DataPlaneTestCase,
    hum,
    pieces,
    silence,
    wav,
)
from speechstudio.test import fake_engine, make_model

PATH = "/speech/recognition/conversation/cognitiveservices/v1"
SAID = {"": "Hello World."}


def opus(samples: np.ndarray) -> bytes:
    """An OGG file of 16 kHz mono Opus."""
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as out:
        stream = out.add_stream("libopus", rate=16_000, layout="mono")
        row = samples.astype("<i2").reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(row, format="s16", layout="mono")
        frame.sample_rate = 16_000
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()


class ShortAudioTests(DataPlaneTestCase):
    def said(self, body: Any = None, query: str = "", **more: Any) -> Any:
        """Ask, and have the fake engine say hello."""
        engine = more.pop("engine", None) or FakeEngine(SAID)
        path = more.pop("path", PATH)
        content = wav(hum(1.0)) if body is None else body
        with fake_engine(engine):
            return self.ask(f"{path}?language=en-US{query}", content=content, **more)

    def test_simple_answer_has_display_text_and_ticks(self) -> None:
        answer = self.said()
        assert answer.status_code == 200
        assert answer.json() == {
            "RecognitionStatus": "Success",
            "Offset": 0,
            "Duration": 10_000_000,
            "DisplayText": "Hello World.",
        }

    def test_detailed_answer_has_all_forms(self) -> None:
        best = self.said(query="&format=detailed").json()["NBest"]
        assert best[0]["Lexical"] == "hello world"
        assert best[0]["Display"] == "Hello World."
        assert 0 < best[0]["Confidence"] <= 1
        assert set(best[0]) == {"Confidence", "Lexical", "ITN", "MaskedITN", "Display"}

    def test_words_come_when_asked_for(self) -> None:
        query = "&format=detailed&wordLevelTimestamps=true&wordLevelConfidence=true"
        words = self.said(query=query).json()["NBest"][0]["Words"]
        assert words == [
            {"Word": "hello", "Offset": 0, "Duration": 5_000_000, "Confidence": 0.9},
            {
                "Word": "world",
                "Offset": 5_000_000,
                "Duration": 5_000_000,
                "Confidence": 0.9,
            },
        ]

    def test_all_three_modes_answer(self) -> None:
        for mode in ("interactive", "conversation", "dictation"):
            path = PATH.replace("conversation", mode)
            assert self.said(path=path).json()["DisplayText"] == "Hello World."
        path = PATH.replace("conversation", "interactive")
        answer = self.said(wav(hum(16.0)), path=path)
        assert answer.status_code == 400
        assert "15 seconds" in answer.json()["error"]["message"]

    def test_sound_is_taken_in_all_forms(self) -> None:
        one = hum(1.0)
        forms = [
            wav(one, size=0),  # as streamed
            wav(one, size=0xFFFFFFFF),
            wav(hum(1.0, 8_000), rate_hz=8_000),
            opus(one),
            pieces(wav(one, size=0)),  # chunked
        ]
        for body in forms:
            answer = self.said(body)
            assert answer.json().get("DisplayText") == "Hello World.", answer.text

    def test_why_there_are_no_words(self) -> None:
        noise = np.random.default_rng(1).normal(0, 3_000, 16_000)
        quiet = FakeEngine({})
        quiet.speech_of = lambda pcm: bytes(len(pcm) // 1_024)
        for engine, sound, status in (
            (FakeEngine({}), hum(1.0), "NoMatch"),
            (FakeEngine({}), silence(1.0), "InitialSilenceTimeout"),
            (quiet, noise, "BabbleTimeout"),
        ):
            answer = self.said(wav(sound), engine=engine).json()
            assert answer == {
                "RecognitionStatus": status,
                "Offset": 0,
                "Duration": 10_000_000,
            }

    def test_profanity_by_the_models_own_list(self) -> None:
        writers._writer.cache_clear()
        self.addCleanup(writers._writer.cache_clear)
        engine = FakeEngine({"": "Hello world."})
        engine.rules = lambda reference: Rules(profanities=("hello",))
        shown = {
            mode: self.said(query=f"&profanity={mode}", engine=engine).json()
            for mode in ("masked", "removed", "raw")
        }
        assert shown["masked"]["DisplayText"] == "***** world."
        assert shown["removed"]["DisplayText"] == "World."
        assert shown["raw"]["DisplayText"] == "Hello world."
        engine = FakeEngine({"": "Hello."})
        engine.rules = lambda reference: Rules(profanities=("hello",))
        answer = self.said(query="&profanity=removed", engine=engine).json()
        assert answer["RecognitionStatus"] == "NoMatch"

    def test_engine_that_breaks_is_an_error_of_recognition(self) -> None:
        engine = FakeEngine(SAID, broken=EngineError("Broken."))
        with self.assertLogs("recognition", "ERROR"):
            answer = self.said(engine=engine)
        assert answer.json()["RecognitionStatus"] == "Error"
        assert Usage.objects.get().failed == 1

    def test_what_is_refused_and_how(self) -> None:
        good = wav(hum(1.0))
        other = keys.renew(self.make_endpoint(name="Other"), 1)
        nobody = "00000000-0000-4000-8000-000000000000"
        rate = {"Content-Type": "audio/wav; codecs=audio/pcm; samplerate=8000"}
        cases: list[tuple[int, dict[str, Any]]] = [
            (401, {"key": "wrong"}),
            (403, {"key": ""}),
            (401, {"key": other, "query": f"&cid={self.endpoint.pk}"}),
            (401, {"query": f"&cid={nobody}"}),
            (401, {"query": "&cid=x"}),
            (400, {"query": "&language="}),
            (400, {"query": "&format=xml"}),
            (400, {"query": "&profanity=none"}),
            (400, {"headers": rate}),
            (400, {"body": b""}),
            (400, {"body": b"How are you today? " * 100}),
            (400, {"body": good[:44]}),
            (400, {"body": good[:20]}),
            (400, {"body": bytes(range(256)) * 100}),
            (400, {"body": wav(hum(61.0))}),
            (413, {"body": bytes(17 * 1024**2)}),
            (413, {"body": pieces(bytes(17 * 1024**2), 2**20)}),
        ]
        for status, case in cases:
            answer = self.said(**case)
            assert answer.status_code == status, (case.keys(), answer.text)
            assert answer.json()["error"]["message"], case

    def test_language_is_needed_and_must_be_the_endpoints(self) -> None:
        with fake_engine(FakeEngine(SAID)):
            for query in ("", "?language=de-DE", "?language=xx", "?language=en-U$"):
                answer = self.ask(PATH + query, content=wav(hum(1.0)))
                assert answer.status_code == 400
                assert answer.json()["error"]["code"] == "UnsupportedLanguageCode"
            assert self.ask(f"{PATH}?language=en-gb", content=wav(hum(1.0))).is_success

    def test_suspended_endpoint_refuses(self) -> None:
        self.endpoint.is_suspended = True
        self.endpoint.save()
        assert self.said().status_code == 403
        figures = usage.figures(self.endpoint, self.endpoint.created)
        # Who asks is known: it counts, and was no answer.
        assert (figures.requests, figures.failed) == (1, 1)
        assert figures.p50_ms is None

    def test_full_disk_is_told(self) -> None:
        with self.settings(MIN_FREE_DISK_MB=10**9):
            answer = self.said()
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0

    def test_large_bodies_come_some_at_a_time(self) -> None:
        large = wav(hum(25.0, 48_000), rate_hz=48_000)
        assert self.said(large).is_success
        with patch.object(audio, "_large", Places(0)):
            assert self.said(large).status_code == 429
            assert self.said().is_success
        assert audio._large.free == 32

    def test_slow_client_is_given_up(self) -> None:
        stop = threading.Event()

        async def slow() -> Any:
            yield b"R"
            while not stop.is_set():
                await asyncio.sleep(0.01)
                yield b"I"

        with patch.object(short_audio, "_MAX_SENDING_SECONDS", 0.1):
            answer = self.said(slow())
        stop.set()
        assert answer.status_code == 408
        assert answer.headers["Connection"] == "close"

    def test_full_queue_says_when_to_come_again(self) -> None:
        with patch.object(short_audio, "recogniser", Recogniser(0)):
            answer = self.said()
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == str(Busy.retry_after)

    def test_usage_counts_requests_and_audio(self) -> None:
        self.said()
        self.said(b"nothing to hear here")
        self.said(key="wrong")
        figures = usage.figures(self.endpoint, self.endpoint.created)
        assert (figures.requests, figures.failed) == (2, 1)
        assert figures.audio_seconds == 1.0
        assert figures.p50_ms is not None

    def test_content_is_logged_only_when_wanted(self) -> None:
        self.said()
        assert not LogEntry.objects.exists()
        self.said(query="&storeAudio=true")
        entry = LogEntry.objects.get()
        assert (entry.text, entry.seconds) == ("Hello World.", 1.0)
        self.endpoint.logging_enabled = True
        self.endpoint.save()
        forget()
        self.said(query="&storeAudio=false")
        assert LogEntry.objects.count() == 2

    def test_token_stands_in_for_the_key(self) -> None:
        token = self.ask("/sts/v1.0/issueToken")
        assert token.status_code == 200
        bearer = {"Authorization": f"Bearer {token.text}"}
        assert self.said(key="", headers=bearer).status_code == 200
        bearer = {"Authorization": "Bearer a.b.c"}
        assert self.said(key="", headers=bearer).status_code == 401
        base = tokens.for_base_model(self.project.pk, make_model("tried").pk)
        bearer = {"Authorization": f"Bearer {base}"}
        assert self.said(key="", headers=bearer).status_code == 200
        own = make_model("own", project=self.project)
        custom = tokens.for_base_model(self.project.pk, own.pk)
        bearer = {"Authorization": f"Bearer {custom}"}
        assert self.said(key="", headers=bearer).status_code == 401

    def test_no_token_without_a_key(self) -> None:
        assert self.ask("/sts/v1.0/issueToken", key="").status_code == 403
        assert self.ask("/sts/v1.0/issueToken", key="wrong").status_code == 401
        assert self.ask("/sts/v1.0/issueToken", "GET").status_code == 405
        assert self.ask("/speech/elsewhere").status_code == 404
