from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import numpy as np
from asgiref.sync import async_to_sync
from django.conf import settings

from datasets.formats.base import FormatError
from endpoints.models import LogEntry
from engines.display.rules import Rules
from engines.fake import FakeEngine
from recognition import recording, writers
from recognition.app import application
from recognition.tests.data_plane import DataPlaneTestCase, hum, silence, wav
from speechstudio.test import fake_engine

PATH = "/speechtotext/transcriptions:transcribe"


class FastTests(DataPlaneTestCase):
    def said(
        self,
        definition: object = None,
        sound: bytes | None = None,
        version: str = "2025-10-15",
        **more: Any,
    ) -> Any:
        engine = more.pop("engine", None) or FakeEngine({"": "Hello world. Bye."})
        text = definition if isinstance(definition, str) else json.dumps(definition)
        files: dict[str, Any] = {"audio": ("a.wav", sound or wav(hum(3.0)))}
        if sound == b"":
            files = {"none": (None, "")}
        if definition is not None:
            files["definition"] = (None, text)
        with fake_engine(engine):
            return self.ask(f"{PATH}?api-version={version}", files=files, **more)

    def test_answer_has_the_shape_of_the_contract(self) -> None:
        assert self.said({"locales": ["en-US"]}).json() == {
            "durationMilliseconds": 3000,
            "combinedPhrases": [{"text": "Hello world. Bye."}],
            "phrases": [
                {
                    "offsetMilliseconds": 0,
                    "durationMilliseconds": 2000,
                    "text": "Hello world.",
                    "words": [
                        {
                            "text": "Hello",
                            "offsetMilliseconds": 0,
                            "durationMilliseconds": 1000,
                        },
                        {
                            "text": "world.",
                            "offsetMilliseconds": 1000,
                            "durationMilliseconds": 1000,
                        },
                    ],
                    "locale": "en-US",
                    "confidence": 0.9,
                },
                {
                    "offsetMilliseconds": 2000,
                    "durationMilliseconds": 1000,
                    "text": "Bye.",
                    "words": [
                        {
                            "text": "Bye.",
                            "offsetMilliseconds": 2000,
                            "durationMilliseconds": 1000,
                        }
                    ],
                    "locale": "en-US",
                    "confidence": 0.9,
                },
            ],
        }

    def test_definition_may_be_left_out_or_come_as_a_file(self) -> None:
        assert self.said().is_success
        files = {
            "audio": ("a.wav", wav(hum(1.0))),
            "definition": ("definition", json.dumps({"locales": ["de-DE"]})),
        }
        answer = self.ask(f"{PATH}?api-version=2024-11-15", files=files)
        assert answer.json()["innerError"]["code"] == "UnsupportedLanguageCode"

    def test_channels_are_heard_for_themselves(self) -> None:
        both = np.stack([hum(3.0), silence(3.0)], axis=1).reshape(-1)
        sound = wav(both, channels=2)
        answer = self.said({"channels": [0, 1]}, sound).json()
        assert [one["channel"] for one in answer["combinedPhrases"]] == [0, 1]
        assert {one["channel"] for one in answer["phrases"]} == {0, 1}
        answer = self.said({"channels": [1]}, sound).json()
        assert {one["channel"] for one in answer["phrases"]} == {1}
        assert "channel" not in self.said({}, sound).json()["phrases"][0]
        answer = self.said({"channels": [1]})
        assert answer.json()["innerError"]["code"] == "InvalidChannels"

    def test_phrase_list_and_weight_reach_the_engine(self) -> None:
        engine = FakeEngine({"": "Hello."})
        phrases = {"phrases": ["Ibuprofen", " "], "biasingWeight": 1.5}
        assert self.said({"phraseList": phrases}, engine=engine).is_success
        asked = engine.decodings[0]
        assert (asked.phrases, asked.phrase_weight) == (("Ibuprofen",), 1.5)

    def test_profanity_in_all_modes(self) -> None:
        writers._writer.cache_clear()
        self.addCleanup(writers._writer.cache_clear)
        engine = FakeEngine({"": "Hello world."})
        engine.rules = lambda reference: Rules(profanities=("world",))
        shown = {
            mode: self.said({"profanityFilterMode": mode}, engine=engine).json()
            for mode in ("None", "Masked", "Removed", "Tags")
        }
        assert [one["combinedPhrases"][0]["text"] for one in shown.values()] == [
            "Hello world.",
            "Hello *****.",
            "Hello.",
            "Hello <profanity>world</profanity>.",
        ]

    def test_what_is_refused_and_how(self) -> None:
        cases: list[tuple[str, object]] = [
            ("InvalidRequestBodyFormat", "{"),
            ("InvalidRequestBodyFormat", "[1]"),
            ("InvalidRequestBodyFormat", "[" * 100_000),
            ("InvalidParameterValue", {"surprise": 1}),
            ("InvalidParameterValue", {"locales": "en-US"}),
            ("InvalidParameterValue", {"locales": [1]}),
            ("InvalidLocale", {"locales": ["en-US", "de-DE"]}),
            ("NotAllowed", {"diarization": {"enabled": True}}),
            ("NotAllowed", {"diarization": {"maxSpeakers": 2}}),
            ("NotAllowed", {"enhancedMode": {"task": "translate"}}),
            ("InvalidModel", {"models": {"en-US": "https://a/b"}}),
            ("InvalidChannels", {"channels": [2]}),
            ("InvalidChannels", {"channels": [0, 0]}),
            ("InvalidParameterValue", {"profanityFilterMode": "Some"}),
            ("InvalidParameterValue", {"phraseList": {"biasingWeight": 3}}),
            (
                "QuotaViolation",
                {"phraseList": {"phrases": [str(n) for n in range(501)]}},
            ),
            ("QuotaViolation", {"phraseList": {"phrases": ["x" * 201]}}),
            (
                "QuotaViolation",
                {"phraseList": {"phrases": [f"{n} {'x' * 150}" for n in range(200)]}},
            ),
        ]
        for code, definition in cases:
            answer = self.said(definition)
            assert answer.status_code == 400, (definition, answer.text)
            body = answer.json()
            assert body["code"] == "InvalidArgument"
            assert body["innerError"]["code"] == code, (definition, body)
        off = {"diarization": {"enabled": False}, "channels": None}
        assert self.said(off).is_success

    def test_other_refusals(self) -> None:
        assert self.said(key="wrong").json()["code"] == "Unauthorized"
        assert self.said(key="").json()["code"] == "Forbidden"
        assert self.said(version="2020-01-01").status_code == 400
        assert self.said({}, b"").json()["innerError"]["code"] == "EmptyRequest"
        answer = self.said({}, b"not a sound")
        assert answer.json()["innerError"]["code"] == "InvalidAudio"
        assert self.ask(PATH, "GET").json()["code"] == "NotAllowed"

    def test_too_much_and_too_long(self) -> None:
        with patch.object(recording, "MAX_BYTES", 1000):
            answer = self.said()
        assert answer.status_code == 413
        with patch.object(recording, "MAX_SECONDS", 60):
            answer = self.said(sound=wav(silence(61.0)))
        assert answer.status_code == 400
        assert "too long" in answer.json()["message"]

    def test_full_disk_is_told(self) -> None:
        with self.settings(MIN_FREE_DISK_MB=10**9):
            answer = self.said()
        assert answer.status_code == 503
        assert answer.json()["code"] == "ServiceUnavailable"

    def test_recording_is_fetched_from_an_address(self) -> None:
        def fetched(address: str, target: Any, limit: int, **more: Any) -> None:
            target.write(wav(hum(3.0)))

        definition = {"audioUrl": "https://example.org/a.wav"}
        with patch.object(recording, "fetch", fetched):
            assert self.said(definition, b"").is_success
        error = FormatError("It is private.", "fetch.forbidden_address")
        with patch.object(recording, "fetch", side_effect=error):
            answer = self.said(definition, b"")
        assert answer.json()["innerError"]["code"] == "InvalidRecordingsUri"
        assert recording._fetching.free == 4
        answer = self.said({"audioUrl": "http://127.0.0.1:9000/a.wav"}, b"")
        assert answer.status_code == 400
        assert "private" in answer.json()["message"]

    def test_fetches_that_hang_hold_up_nobody_and_end(self) -> None:
        """Eight clients whose servers send nothing: four are told to come again, and
        other recordings are heard as ever. When they leave, the fetches end."""
        ended = []

        def hanging(*_: Any, report: Any, **more: Any) -> None:
            try:
                while True:
                    report(1, 0)
                    time.sleep(0.01)
            except FormatError:
                ended.append(1)
                raise

        async def asked() -> None:
            transport = httpx.ASGITransport(app=application)
            headers = {"Ocp-Apim-Subscription-Key": self.key}
            async with httpx.AsyncClient(
                transport=transport, base_url="http://studio", headers=headers
            ) as client:
                url = f"{PATH}?api-version=2025-10-15"
                address = json.dumps({"audioUrl": "https://example.org/a.wav"})
                hung = [
                    asyncio.create_task(
                        client.post(url, files={"definition": (None, address)})
                    )
                    for _ in range(8)
                ]
                done, waiting = await asyncio.wait(hung, timeout=5)
                assert [one.result().status_code for one in done] == [429] * 4
                sent = {"audio": ("a.wav", wav(hum(1.0)))}
                answers = [client.post(url, files=sent) for _ in range(8)]
                for answer in await asyncio.wait_for(asyncio.gather(*answers), 10):
                    assert answer.status_code == 200
                for one in waiting:
                    one.cancel()
                await asyncio.wait(waiting)
                while recording._fetching.free < 4:
                    await asyncio.sleep(0.01)

        with (
            patch.object(recording, "fetch", hanging),
            fake_engine(FakeEngine({"": "Hello."})),
        ):
            async_to_sync(asked)()
        assert len(ended) == 4

    def test_a_fetch_that_takes_too_long_is_given_up(self) -> None:
        def slow(*_: Any, report: Any, **more: Any) -> None:
            while True:
                report(1, 0)
                time.sleep(0.01)

        definition = {"audioUrl": "https://example.org/a.wav"}
        with (
            patch.object(recording, "fetch", slow),
            patch.object(recording, "_MAX_FETCHING_SECONDS", 0.1),
        ):
            answer = self.said(definition, b"")
        assert answer.status_code == 400
        assert "did not arrive" in answer.json()["message"]

    def test_text_of_languages_without_spaces_is_joined_without(self) -> None:
        self.project.locale = "ja-JP"
        self.project.save()
        both = np.concatenate([hum(14.0), silence(2.0), hum(14.0)])
        engine = FakeEngine({"": "こんにちは。"})
        answer = self.said({"locales": ["ja-JP"]}, wav(both), engine=engine).json()
        assert answer["combinedPhrases"][0]["text"] == "こんにちは。" * 2

    def test_nothing_is_left_behind(self) -> None:
        """Neither a file nor one that has no name any more."""
        folder = Path(settings.FILE_UPLOAD_TEMP_DIR)

        def held() -> list[str]:
            links = Path("/proc/self/fd").iterdir()
            names = (str(one.readlink()) for one in links if one.is_symlink())
            return [name for name in names if name.startswith(str(folder))]

        before = set(folder.iterdir()), held()
        self.said()
        self.said({}, b"not a sound")
        self.said({}, wav(np.tile(hum(1.0), 70)))
        with patch.object(recording, "fetch", side_effect=FormatError("No.", "no")):
            self.said({"audioUrl": "https://example.org/a.wav"}, b"")
        assert (set(folder.iterdir()), held()) == before

    def test_phrases_are_logged_for_those_who_log(self) -> None:
        self.endpoint.logging_enabled = True
        self.endpoint.save()
        assert self.said().is_success
        texts = [entry.text for entry in LogEntry.objects.order_by("created")]
        assert texts == ["Hello world.", "Bye."]
