from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch

from endpoints import writing
from endpoints.models import LogEntry, Usage
from engines.base import EngineError
from engines.display.rules import Rules
from engines.fake import FakeEngine
from recognition import hearing, recording, writers
from recognition.access import forget
from recognition.app import application
from recognition.places import Places
from recognition.tests import data_plane
from recognition.tests.data_plane import DataPlaneTestCase, hum, silence, wav
from speechstudio.test import fake_engine

PATH = "/v1/audio/transcriptions"
TRANSLATIONS = "/v1/audio/translations"


class OpenAITests(DataPlaneTestCase):
    def said(self, **more: Any) -> Any:
        engine = more.pop("engine", None) or FakeEngine({"": "Hello world. Bye."})
        sound = more.pop("sound", None)
        sound = wav(hum(3.0)) if sound is None else sound
        data = {"model": "whisper-1"} | more.pop("data", {})
        headers = {"Authorization": f"Bearer {more.pop('key', self.key)}"}
        with fake_engine(engine):
            return self.ask(
                more.pop("path", PATH),
                key="",
                headers=headers,
                data={name: value for name, value in data.items() if value is not None},
                files={"file": ("speech.wav", sound)},
                **more,
            )

    def test_formats(self) -> None:
        text = "Hello world. Bye."
        json_answer = self.said().json()
        assert json_answer["text"] == text
        assert json_answer["usage"] == {"type": "duration", "seconds": 3.0}
        assert self.said(data={"response_format": "text"}).text == f"{text}\n"
        srt = self.said(data={"response_format": "srt"}).text
        assert srt == (
            "1\n00:00:00,000 --> 00:00:02,000\nHello world.\n\n"
            "2\n00:00:02,000 --> 00:00:03,000\nBye.\n\n"
        )
        vtt = self.said(data={"response_format": "vtt"})
        assert vtt.text.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n")
        assert vtt.headers["Content-Type"].startswith("text/vtt")

    def test_verbose_answer_has_what_was_asked_for(self) -> None:
        verbose = {"response_format": "verbose_json"}
        answer = self.said(data=verbose).json()
        assert (answer["language"], answer["duration"]) == ("english", 3.0)
        assert [one["text"] for one in answer["segments"]] == ["Hello world.", "Bye."]
        assert "words" not in answer
        for name in ("timestamp_granularities", "timestamp_granularities[]"):
            answer = self.said(data=verbose | {name: ["word"]}).json()
            assert [one["word"] for one in answer["words"]] == [
                "Hello",
                "world.",
                "Bye.",
            ]
            assert answer["words"][2] == {"word": "Bye.", "start": 2.0, "end": 3.0}
            assert "segments" not in answer
            both = self.said(data=verbose | {name: ["word", "segment"]}).json()
            assert both.keys() >= {"words", "segments"}

    def test_words_are_masked_and_written_as_the_text_is(self) -> None:
        writers._writer.cache_clear()
        self.addCleanup(writers._writer.cache_clear)
        engine = FakeEngine({"": "Hello world of pulse."})
        rules = Rules(profanities=("world",), rewrites=(("pulse", "heartbeat"),))
        engine.rules = lambda reference: rules
        data = {"response_format": "verbose_json", "timestamp_granularities": "word"}
        answer = self.said(engine=engine, data=data).json()
        assert answer["text"] == "Hello ***** of heartbeat."
        words = [one["word"] for one in answer["words"]]
        assert words == ["Hello", "*****", "of", "heartbeat."]
        data = {"stream": "true"}
        answer = self.said(engine=engine, data=data)
        assert "world" not in answer.text and "*****" in answer.text

    def test_stream_is_over_before_it_is_logged(self) -> None:
        self.endpoint.logging_enabled = True
        self.endpoint.save()
        seen = []

        async def watched(scope: Any, receive: Any, send: Any) -> None:
            async def sent(message: Any) -> None:
                if message["type"] == "http.response.body":
                    seen.append("more" if message.get("more_body") else "end")
                await send(message)

            await application(scope, receive, sent)

        async def behind(*_: Any) -> None:
            seen.append("log")

        with (
            patch.object(writing, "behind", behind),
            patch.object(data_plane, "application", watched),
        ):
            assert self.said(data={"stream": "true"}).is_success
        assert seen == [*["more"] * 3, "end", "log", "log"]

    def test_no_memory_is_for_now(self) -> None:
        broken = FakeEngine(broken=EngineError("No memory.", "OutOfMemory"))
        with self.assertLogs("recognition.errors", "ERROR"):
            answer = self.said(engine=broken)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.json()["error"]["type"] == "server_error"

    def test_stream_tells_phrases_and_then_the_whole(self) -> None:
        answer = self.said(data={"stream": "true"})
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        lines = [line for line in answer.text.split("\n\n") if line]
        events = [json.loads(line.removeprefix("data: ")) for line in lines]
        assert [event.get("delta", event.get("text")) for event in events] == [
            "Hello world.",
            " Bye.",
            "Hello world. Bye.",
        ]
        assert events[-1]["type"] == "transcript.text.done"
        assert Usage.objects.get().requests == 1

    def test_stream_tells_what_broke(self) -> None:
        engine = FakeEngine()
        engine.transcribe = self.broken
        with self.assertLogs("recognition", "ERROR"):
            answer = self.said(data={"stream": "true"}, engine=engine)
        assert "server_error" in answer.text
        assert Usage.objects.get().failed == 1

    @staticmethod
    def broken(*_: Any) -> Any:
        raise EngineError("Broken.")

    def test_endpoint_is_a_model(self) -> None:
        names = [str(self.endpoint.pk), "whisper-1"]
        headers = {"Authorization": f"Bearer {self.key}"}
        listed = self.ask("/v1/models", "GET", key="", headers=headers).json()
        assert [one["id"] for one in listed["data"]] == names
        one = self.ask(f"/v1/models/{names[0]}", "GET", key="", headers=headers)
        assert one.json()["id"] == names[0]
        assert self.said(data={"model": names[0]}).is_success
        assert self.said(data={"model": "gpt-4o"}).status_code == 404
        other = self.make_endpoint(name="Other")
        answer = self.said(data={"model": str(other.pk)})
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "model_not_found"

    def test_what_is_refused_and_how(self) -> None:
        cases: list[tuple[int, dict[str, Any]]] = [
            (401, {"key": "wrong"}),
            (400, {"data": {"language": "de"}}),
            (400, {"data": {"temperature": "0.4"}}),
            (400, {"data": {"temperature": "hot"}}),
            (400, {"data": {"response_format": "diarized_json"}}),
            (400, {"data": {"include[]": "logprobs"}}),
            (400, {"data": {"surprise": "1"}}),
            (400, {"data": {"known_speaker_names[]": "Ann"}}),
            (400, {"data": {"timestamp_granularities": "word"}}),
            (400, {"data": {"stream": "true", "response_format": "srt"}}),
            (400, {"data": {"prompt": "x" * 201}}),
            (400, {"data": {"keywords": "x " * 300}}),
            (400, {"sound": b""}),
            (400, {"sound": b"words, words"}),
            (404, {"data": {"model": None}}),
        ]
        for status, case in cases:
            answer = self.said(**case)
            assert answer.status_code == status, (case, answer.text)
            error = answer.json()["error"]
            assert error["message"] and error["type"] == "invalid_request_error"
            assert error["param"] != "audio"

    def test_without_key_form_or_file(self) -> None:
        assert self.ask(PATH, key="").status_code == 401
        assert self.ask(PATH, json={}).status_code == 415
        broken = {"Content-Type": "multipart/form-data; boundary=x"}
        assert self.ask(PATH, content=b"nothing", headers=broken).status_code == 400
        mixed = b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n--x--'
        capitals = {"Content-Type": "Multipart/Form-Data; boundary=x"}
        answer = self.ask(PATH, content=mixed, headers=capitals)
        assert answer.json()["error"]["code"] == "model_not_found"
        body: dict[str, Any] = {"model": ("m.txt", "whisper-1")}
        assert self.ask(PATH, files=body).status_code == 400
        body = {"model": (None, "whisper-1"), "file": (None, "text")}
        assert self.ask(PATH, files=body).status_code == 400

    def translated(self, **more: Any) -> Any:
        """German speech by a model that translates, if not told otherwise."""
        german = {"": "Hallo Welt. Tschüss."}
        english = {"": "Hello world. Bye."}
        more.setdefault("engine", FakeEngine(german, english=english))
        return self.said(path=TRANSLATIONS, **more)

    def speak(self, locale: str) -> None:
        self.project.locale = locale
        self.project.save()
        forget()

    def test_translation_is_english_in_all_formats(self) -> None:
        self.speak("ja-JP")
        text = "Hello world. Bye."
        engine = FakeEngine({"": "こんにちは。"}, english={"": text})
        answer = self.translated(engine=engine).json()
        # Words of English are joined by spaces, whatever was spoken.
        assert answer["text"] == text
        assert (engine.decodings[0].locale, engine.decodings[0].to_english) == (
            "ja-JP",
            True,
        )
        said = {
            form: self.translated(data={"response_format": form}).text
            for form in ("text", "srt", "vtt")
        }
        assert said["text"] == f"{text}\n"
        assert said["srt"].startswith("1\n00:00:00,000 --> 00:00:02,000\nHello world.")
        assert said["vtt"].startswith("WEBVTT\n")
        answer = self.translated(data={"response_format": "verbose_json"}).json()
        assert (answer["task"], answer["language"]) == ("translate", "english")
        assert [one["text"] for one in answer["segments"]] == ["Hello world.", "Bye."]
        assert answer["duration"] == 3.0 and "words" not in answer

    def test_translation_is_written_as_english_is(self) -> None:
        self.speak("de-DE")
        with patch.object(hearing, "writer_of", wraps=hearing.writer_of) as writer_of:
            data = {"prompt": "Ward 9, metoprolol", "temperature": "0"}
            engine = FakeEngine(english={"": "hello."})
            assert self.translated(engine=engine, data=data).json()["text"] == "Hello."
        assert [call.args[1] for call in writer_of.call_args_list] == ["en-US"]
        assert engine.decodings[0].phrases == ("Ward 9", "metoprolol")

    def test_translation_is_refused_honestly(self) -> None:
        answer = self.said(path=TRANSLATIONS)
        assert answer.status_code == 400
        error = answer.json()["error"]
        assert (error["code"], error["param"]) == ("NotAllowed", "model")
        assert "not translated" in error["message"]
        assert self.translated(key="wrong").status_code == 401
        for name in ("language", "stream", "keywords", "timestamp_granularities"):
            answer = self.translated(data={name: "de"})
            assert answer.status_code == 400
            assert answer.json()["error"]["code"] == "unknown_parameter"
        for data in ({"temperature": "0.5"}, {"response_format": "diarized_json"}):
            assert self.translated(data=data).status_code == 400

    def test_model_that_answers_until_the_new_one_is_read_may_not_translate(
        self,
    ) -> None:
        engine = FakeEngine(english={"": "Hello."})
        answers = [True, False]
        engine.translates = lambda reference: answers.pop(0)
        answer = self.translated(engine=engine)
        error = answer.json()["error"]
        assert answer.status_code == 400
        assert (error["code"], error["param"]) == ("NotAllowed", "model")

    def test_translations_are_not_logged_as_transcripts(self) -> None:
        self.endpoint.logging_enabled = True
        self.endpoint.save()
        forget()
        assert self.translated().is_success
        assert not LogEntry.objects.exists()
        assert Usage.objects.get().requests == 1

    def test_prompt_and_keywords_are_expected_phrases(self) -> None:
        engine = FakeEngine({"": "Hello."})
        data = {"prompt": "Ibuprofen, metoprolol", "keywords[]": "Ward 9"}
        assert self.said(engine=engine, data=data).is_success
        assert engine.decodings[0].phrases == ("Ward 9", "Ibuprofen", "metoprolol")

    def test_long_recording_is_cut_where_nobody_speaks(self) -> None:
        sound = [hum(4.0), silence(2.0)] * 9  # 54 s
        engine = FakeEngine({"": "Hello."})
        import numpy as np

        answer = self.said(engine=engine, sound=wav(np.concatenate(sound)))
        assert answer.json()["text"] == " ".join(["Hello."] * 9)

    def test_phrases_are_logged_for_those_who_log(self) -> None:
        self.endpoint.logging_enabled = True
        self.endpoint.save()
        assert self.said().is_success
        assert self.said(data={"stream": "true"}).is_success
        texts = [entry.text for entry in LogEntry.objects.order_by("created")]
        assert texts == ["Hello world.", "Bye."] * 2

    def test_places_are_given_back(self) -> None:
        long = wav(silence(61.0))
        with patch.object(recording, "_working", Places(1)) as working:
            assert self.said(sound=long).is_success
            assert self.said(sound=b"no sound").status_code == 400
            with patch.object(recording, "MAX_SECONDS", 60):
                assert self.said(sound=long).status_code == 400
            assert self.said(sound=long, data={"stream": "true"}).is_success
            assert working.free == 1
            working.free = 0
            assert self.said(sound=long).status_code == 429
            # What is short takes none.
            assert self.said().is_success
        with patch.object(recording, "_sending", Places(0)):
            answer = self.said()
        assert answer.status_code == 429
        assert answer.json()["error"]["type"] == "rate_limit_error"
