from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode
from uuid import uuid4

from asgiref.sync import async_to_sync, sync_to_async
from starlette.applications import Starlette

from endpoints import keys, tokens, usage, writing
from endpoints.models import Endpoint, LogEntry
from engines.base import EngineError
from engines.fake import FakeEngine
from recognition import access, websocket
from recognition.places import Places
from recognition.recogniser import Busy, recogniser
from recognition.tests.data_plane import DataPlaneTestCase, hum, silence, wav
from speechstudio.test import fake_engine, make_model

# A client goes at last, whatever a test waits for.
PATIENCE_SECONDS = 20
HEADER = wav(silence(0), size=0)
APPLICATION = Starlette(routes=websocket.routes)


def pcm(samples: Any) -> bytes:
    return bytes(samples.astype("<i2").tobytes())


PHRASE = pcm(hum(1)) + pcm(silence(1))


class Client:
    """The other end of a connection, without a server in between."""

    def __init__(
        self, path: str, query: dict[str, str], headers: dict[str, str]
    ) -> None:
        self._to_us: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_us: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        scope = {
            "type": "websocket",
            "path": path,
            "query_string": urlencode(query).encode(),
            "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
            "subprotocols": ["USP"],
            "extensions": {"websocket.http.response": {}},
        }
        self._send({"type": "websocket.connect"})
        self.task = asyncio.create_task(
            APPLICATION(scope, self._to_us.get, self._from_us.put)
        )
        self.request = uuid4().hex

    def _send(self, message: dict[str, Any]) -> None:
        self._to_us.put_nowait(message)

    def text(self, path: str, body: Any, request: str | None = None) -> None:
        head = f"X-RequestId:{request or self.request}\r\nPath:{path}"
        text = f"{head}\r\n\r\n{json.dumps(body)}"
        self._send({"type": "websocket.receive", "text": text})

    def binary(self, data: bytes) -> None:
        self._send({"type": "websocket.receive", "bytes": data})

    def audio(self, sound: bytes, request: str | None = None) -> None:
        head = f"Path:audio\r\nX-RequestId:{request or self.request}\r\n".encode()
        self.binary(len(head).to_bytes(2, "big") + head + sound)

    def speak(self, sound: bytes, context: Any = None) -> None:
        """A whole turn, as the SDK sends it."""
        self.text("speech.config", {"context": {}})
        self.text("speech.context", context or {})
        self.audio(HEADER)
        for start in range(0, len(sound), 3_200):
            self.audio(sound[start : start + 3_200])
        self.audio(b"")
        self.text("telemetry", {"Metrics": []})

    def go(self) -> None:
        self._send({"type": "websocket.disconnect", "code": 1005})

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._from_us.get()

    async def told(self) -> tuple[str, Any]:
        """Path and body of the next message; a closing frame's code and reason."""
        message = await self.next()
        if message["type"] == "websocket.close":
            return str(message["code"]), message["reason"]
        head, _, body = message["text"].partition("\r\n\r\n")
        assert f"X-RequestId:{self.request}\r\n" in head
        return head.split("Path:")[1].split("\r\n")[0], json.loads(body)

    async def turn(self) -> list[tuple[str, Any]]:
        """All of it, drafts left out."""
        found = []
        while not found or found[-1][0] not in ("turn.end", "1007", "1011"):
            found.append(await self.told())
        return [one for one in found if one[0] != "speech.hypothesis"]


Talk = Callable[[Client], Awaitable[None]]


class WebSocketTests(DataPlaneTestCase):
    engine = FakeEngine({"": "Hello world."})

    def talk(
        self,
        talk: Talk,
        mode: str = "interactive",
        key: str | None = None,
        engine: FakeEngine | None = None,
        headers: dict[str, str] | None = None,
        path: str = "",
        **query: str,
    ) -> None:
        """Connect, and let the test have its say; nothing may be left behind."""
        sent = self.key if key is None else key
        given = {"Ocp-Apim-Subscription-Key": sent} if sent else {}
        path = path or f"/speech/recognition/{mode}/cognitiveservices/v1"

        async def connected() -> None:
            before, free = asyncio.all_tasks(), websocket._streams.free
            client = Client(
                path, {"language": "en-US"} | query, given | (headers or {})
            )
            try:
                await talk(client)
            finally:
                client.go()
                await asyncio.wait([client.task], timeout=PATIENCE_SECONDS)
            client.task.result()
            flushing = set(usage._flushing.values())
            assert asyncio.all_tasks() - before - flushing == set()
            assert websocket._streams.free == free

        with fake_engine(engine or self.engine):
            async_to_sync(connected)()
        usage.flush()

    def assert_refused(self, status: int, **how: Any) -> None:
        async def talk(client: Client) -> None:
            start = await client.next()
            assert (start["type"], start["status"]) == (
                "websocket.http.response.start",
                status,
            )
            body = json.loads((await client.next())["body"])
            assert body["error"]["message"]

        self.talk(talk, **how)

    def heard(
        self, sound: bytes = PHRASE, context: Any = None, **how: Any
    ) -> list[Any]:
        """What a client is told in one turn."""
        turns: list[Any] = []

        async def talk(client: Client) -> None:
            assert (await client.next())["subprotocol"] == "USP"
            client.speak(sound, context)
            turns.extend(await client.turn())

        self.talk(talk, **how)
        return turns

    def test_handshakes_are_refused_with_the_right_status(self) -> None:
        self.assert_refused(401, key="0" * 32)
        self.assert_refused(403, key="")
        self.assert_refused(401, cid=str(uuid4()))
        self.assert_refused(404, mode="telepathy")
        self.assert_refused(400, language="xx-nonsense-yy")
        self.assert_refused(400, language="de-DE")
        self.assert_refused(400, profanity="loud")
        other = keys.renew(self.make_endpoint(), 1)
        self.assert_refused(401, key=other, cid=str(self.endpoint.pk))

    def test_an_endpoint_that_does_not_answer_refuses(self) -> None:
        Endpoint.objects.update(is_suspended=True)
        self.assert_refused(403)
        figures = usage.figures(self.endpoint, self.endpoint.created)
        assert (figures.requests, figures.failed) == (1, 1)

    def test_too_many_streams_are_refused(self) -> None:
        with patch.object(websocket, "_streams", Places(0)):
            self.assert_refused(429)

    def test_a_stream_has_its_place_before_its_model_is_there(self) -> None:
        free = []

        async def loaded(caller: Any) -> Any:
            free.append(websocket._streams.free)
            raise EngineError("Broken.")

        with (
            patch.object(websocket.swap, "model_for", loaded),
            self.assertLogs("recognition.errors", "ERROR"),
        ):
            self.assert_refused(500)
        assert free == [255]

    def test_a_single_phrase(self) -> None:
        told = self.heard(cid=str(self.endpoint.pk))
        assert [path for path, _ in told] == [
            "turn.start",
            "speech.startDetected",
            "speech.endDetected",
            "speech.phrase",
            "turn.end",
        ]
        assert told[3][1] == {
            "RecognitionStatus": "Success",
            "Offset": 0,
            "Duration": 11_520_000,
            "DisplayText": "Hello world.",
        }

    def test_a_conversation_has_any_number_of_phrases_and_an_end(self) -> None:
        told = self.heard(PHRASE * 2, mode="conversation")
        assert [path for path, _ in told] == [
            "turn.start",
            "speech.startDetected",
            "speech.phrase",
            "speech.phrase",
            "speech.endDetected",
            "speech.phrase",
            "turn.end",
        ]
        statuses = [body.get("RecognitionStatus") for _, body in told if body]
        assert [one for one in statuses if one] == [
            "Success",
            "Success",
            "EndOfDictation",
        ]
        assert told[3][1]["Offset"] == 17_920_000

    def test_the_mode_may_come_later_than_the_address(self) -> None:
        async def talk(client: Client) -> None:
            await client.next()
            client.speak(PHRASE, {"phraseDetection": {"mode": "INTERACTIVE"}})
            assert [path for path, _ in await client.turn()][-2:] == [
                "speech.phrase",
                "turn.end",
            ]

        self.talk(talk, path="/speech/universal/v2")

    def test_details_and_words_come_when_they_are_asked_for(self) -> None:
        asked = {
            "format": "detailed",
            "wordLevelTimestamps": "true",
            "wordLevelConfidence": "true",
        }
        (best,) = self.heard(**asked)[3][1]["NBest"]
        assert best["Lexical"] == "hello world"
        assert [sorted(word) for word in best["Words"]] == [
            ["Confidence", "Duration", "Offset", "Word"]
        ] * 2

    def test_silence_and_noise_are_told_apart(self) -> None:
        def status(sound: bytes, **how: Any) -> str:
            told = self.heard(sound, engine=FakeEngine(), **how)
            return str(told[-2][1]["RecognitionStatus"])

        assert status(pcm(silence(6))) == "InitialSilenceTimeout"
        assert status(b"") == "InitialSilenceTimeout"
        assert status(PHRASE) == "NoMatch"
        assert status(pcm(hum(16))) == "BabbleTimeout"

    def test_phrases_and_their_weight_reach_the_engine(self) -> None:
        engine = FakeEngine({"": "hello"})
        grammar = {"Groups": [{"Type": "Generic", "Items": [{"Text": "amlodipine"}]}]}
        self.heard(context={"dgi": grammar | {"bias": 1.5}}, engine=engine)
        final = engine.decodings[-1]
        assert (final.locale, final.phrases, final.phrase_weight) == (
            "en-US",
            ("amlodipine",),
            1.5,
        )

    def test_drafts_come_while_somebody_speaks(self) -> None:
        async def talk(client: Client) -> None:
            await client.next()
            client.audio(HEADER + pcm(hum(3)))
            assert [(await client.told())[0] for _ in range(2)] == [
                "turn.start",
                "speech.startDetected",
            ]
            path, body = await client.told()
            assert (path, body["Text"]) == ("speech.hypothesis", "hello world")

        self.talk(talk)

    def test_a_browser_puts_its_key_into_the_address(self) -> None:
        sent = {"Ocp-Apim-Subscription-Key": self.key}
        assert self.heard(key="", **sent)[-1][0] == "turn.end"

    def test_a_token_is_as_good_as_the_key(self) -> None:
        token = tokens.for_endpoint(self.endpoint.pk)
        headers = {"Authorization": f"Bearer {token}"}
        assert self.heard(key="", headers=headers)[-1][0] == "turn.end"

    def test_a_stream_of_a_page_ends_with_any_token(self) -> None:
        def last(token: str) -> str:
            told = []

            async def talk(client: Client) -> None:
                await client.next()
                client.speak(PHRASE)
                while not told or told[-1] not in ("turn.end", "4401"):
                    told.append((await client.told())[0])

            headers = {"Authorization": f"Bearer {token}"}
            with patch.object(tokens, "GOOD_FOR", timedelta(seconds=-1)):
                self.talk(talk, key="", headers=headers)
            return str(told[-1])

        digest = self.endpoint.keys.get().digest
        base = tokens.for_base_model(self.project.pk, make_model("tried").pk)
        assert last(tokens.for_endpoint(self.endpoint.pk)) == "4401"
        assert last(base) == "4401"
        assert last(tokens.for_endpoint(self.endpoint.pk, digest)) == "turn.end"

    def test_a_connection_has_turns_one_after_the_other(self) -> None:
        async def talk(client: Client) -> None:
            await client.next()
            former = client.request
            client.speak(PHRASE)
            assert (await client.turn())[-1][0] == "turn.end"
            # What was still on its way is nobody's any more.
            client.audio(PHRASE, former)
            client.request = uuid4().hex
            client.speak(PHRASE)
            told = await client.turn()
            assert [path for path, _ in told][-2:] == ["speech.phrase", "turn.end"]
            assert told[-2][1]["Offset"] == 0

        self.talk(talk)

    def test_what_makes_no_sense_closes_the_connection(self) -> None:
        def broken(*sent: Callable[[Client], None]) -> None:
            async def talk(client: Client) -> None:
                await client.next()
                for send in sent:
                    send(client)
                code, reason = (await client.turn())[-1]
                assert code == "1007"
                assert 0 < len(reason) <= 120

            self.talk(talk)

        broken(lambda client: client.binary(b"\xff\xff"))
        broken(lambda client: client.binary(b"\0\x0aPath:audio" + HEADER))
        broken(lambda client: client.text("speech.context", [7]))
        broken(lambda client: client.audio(b"OggS" + bytes(100)))
        broken(lambda client: client.audio(HEADER + bytes(1024**2)))
        broken(
            lambda client: client.audio(HEADER + PHRASE),
            lambda client: client.text("speech.context", {"dgi": 7}, "2"),
        )

    def test_another_language_closes_the_connection(self) -> None:
        for language in ("de-DE", "<script>"):

            async def talk(client: Client, language: str = language) -> None:
                await client.next()
                client.speak(PHRASE, {"phraseDetection": {"language": language}})
                code, reason = await client.told()
                assert code == "4400"
                assert "en-US" in reason

            self.talk(talk)

    def test_what_nobody_expected_closes_the_connection(self) -> None:
        async def talk(client: Client) -> None:
            await client.next()
            client.speak(PHRASE)
            code, reason = (await client.turn())[-1]
            assert code == "1011"
            assert "secret" not in reason

        error = RuntimeError("secret")
        with (
            patch.object(websocket.Inlet, "take", side_effect=error),
            self.assertLogs("recognition.errors", "ERROR"),
        ):
            self.talk(talk)

    def test_messages_of_no_interest_are_passed_over(self) -> None:
        async def talk(client: Client) -> None:
            await client.next()
            client.text("speech.agent", {"nobody": "knows"})
            client.text("telemetry", [])
            client.speak(PHRASE)
            assert (await client.turn())[-1][0] == "turn.end"

        self.talk(talk)

    def test_a_broken_model_ends_it_without_a_word_of_why(self) -> None:
        engine = FakeEngine()

        async def talk(client: Client) -> None:
            await client.next()
            engine.broken = EngineError("/srv/models/x is broken")
            client.speak(PHRASE)
            code, reason = (await client.turn())[-1]
            assert code == "1011"
            assert "srv" not in reason

        with self.assertLogs("recognition.errors", "ERROR"):
            self.talk(talk, engine=engine)
        assert usage.figures(self.endpoint, self.endpoint.created).failed == 1

    def test_a_model_that_cannot_be_loaded_refuses(self) -> None:
        broken = FakeEngine(broken=EngineError("/srv/models/x is broken"))
        with self.assertLogs("recognition.errors", "ERROR"):
            self.assert_refused(500, engine=broken)

    def test_a_full_queue_is_waited_for(self) -> None:
        tries = []
        hear = recogniser.hear

        async def busy(*given: Any) -> Any:
            tries.append(given)
            if len(tries) < 3:
                raise Busy
            return await hear(*given)

        with (
            patch.object(Busy, "retry_after", 0.001),
            patch.object(recogniser, "hear", busy),
        ):
            assert self.heard()[-1][0] == "turn.end"

    def test_a_renewed_key_ends_the_stream_at_its_next_phrase(self) -> None:
        async def talk(client: Client) -> None:
            await client.next()
            client.text("speech.context", {})
            client.audio(HEADER + PHRASE)
            while (await client.told())[0] != "speech.phrase":
                pass
            await sync_to_async(keys.renew)(self.endpoint, 1)
            access.forget()
            client.audio(PHRASE)
            while (last := await client.told())[0] == "speech.hypothesis":
                pass
            assert last[0] == "4401"

        self.talk(talk, mode="conversation")

    def test_a_client_that_vanishes_leaves_nothing(self) -> None:
        async def talk(client: Client) -> None:
            await client.next()
            client.text("speech.context", {})
            client.audio(HEADER + pcm(hum(3)))
            await client.told()

        self.talk(talk)

    def test_a_client_that_says_nothing_is_given_up(self) -> None:
        async def talk(client: Client) -> None:
            await client.next()
            assert (await client.told())[0] == "1000"

        with patch.object(websocket, "_IDLE_SECONDS", 0.05):
            self.talk(talk)

    def test_many_clients_get_their_own_answers(self) -> None:
        async def talk(first: Client) -> None:
            path = "/speech/recognition/conversation/cognitiveservices/v1"
            headers = {"Ocp-Apim-Subscription-Key": self.key}
            clients = [Client(path, {"language": "en-US"}, headers) for _ in range(40)]
            for client in clients:
                await client.next()
                client.speak(PHRASE)
            # Each asserts that what it is told has its own request.
            for told in await asyncio.gather(*(client.turn() for client in clients)):
                assert [path for path, _ in told].count("speech.phrase") == 2
            for client in clients:
                client.go()
            await asyncio.wait([client.task for client in clients])

        self.talk(talk)

    def test_phrases_are_counted_and_not_logged(self) -> None:
        self.heard(PHRASE * 2, mode="dictation")
        figures = usage.figures(self.endpoint, self.endpoint.created)
        assert (figures.requests, figures.failed) == (2, 0)
        assert 2 < figures.audio_seconds < 3
        assert not LogEntry.objects.exists()

    def test_phrases_are_logged_where_the_client_asks_for_it(self) -> None:
        self.heard(storeAudio="true")
        (entry,) = LogEntry.objects.all()
        assert entry.text == "Hello world."
        assert entry.confidence == 0.9
        assert entry.seconds == 1.152

    def test_nobody_waits_for_what_is_logged(self) -> None:
        kept = []

        async def talk(client: Client) -> None:
            over = asyncio.Event()

            async def behind(*given: Any) -> None:
                await over.wait()
                kept.append(given)

            with patch.object(writing, "behind", behind):
                await client.next()
                client.speak(PHRASE * 2)
                assert (await client.turn())[-1][0] == "turn.end"
                assert not kept
                over.set()
                client.go()
                await client.task

        self.talk(talk, mode="conversation", storeAudio="true")
        assert len(kept) == 2

    def test_phrases_are_logged_where_the_endpoint_does(self) -> None:
        Endpoint.objects.update(logging_enabled=True)
        self.heard(mode="conversation")
        assert LogEntry.objects.count() == 1
