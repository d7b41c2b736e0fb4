"""Microsoft's Speech SDK, unchanged, against a custom model of this machine."""

from __future__ import annotations

import asyncio
import json
import threading
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import azure.cognitiveservices.speech as sdk
import numpy as np
import pytest
import websockets
from faster_whisper import decode_audio

from recognition.tests.installation import Deployed, deployed
from speechstudio.tests.samples import CLIPS, extracted
from speechstudio.tests.studio import wait_for

pytestmark = pytest.mark.real

# What is said in them, in the words that any model hears right.
SAID = {
    "grace_101.ogg": "heartbeat",  # by a rule of the custom model
    "anna_104.ogg": "was restarted after surgery",
    "anna_109.ogg": "went away when",
}
RATE_HZ = 16_000
WAIT_SECONDS = 60


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with deployed(tmp_path_factory.mktemp("data"), SAMPLE_PROJECT="true") as ward:
        sql = "SELECT count(*) FROM endpoints_endpoint WHERE serving_id IS NOT NULL"
        wait_for(lambda: ward.studio.rows(sql)[0][0])
        yield ward


def pause(seconds: float) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 8, int(seconds * RATE_HZ))


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of all that is said, with pauses."""
    folder = tmp_path_factory.mktemp("talk")
    pieces = [pause(0.5)]
    for name in SAID:
        pieces.append(32_767 * decode_audio(str(extracted(CLIPS, name, folder))))
        pieces.append(pause(1.2))
    path = folder / "talk.wav"
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(np.concatenate(pieces).clip(-32768, 32767).astype("<i2"))
    return path


def config(ward: Deployed, key: str | None = None) -> sdk.SpeechConfig:
    host = ward.url.replace("http://", "ws://")
    config = sdk.SpeechConfig(host=host, subscription=key or ward.key)
    config.speech_recognition_language = "en-US"
    config.endpoint_id = ward.endpoint
    # One of them takes a breath of half a second.
    pause = sdk.PropertyId.Speech_SegmentationSilenceTimeoutMs
    config.set_property(pause, "800")
    return config


def recogniser(config: sdk.SpeechConfig, path: Path) -> sdk.SpeechRecognizer:
    audio = sdk.AudioConfig(filename=str(path))
    return sdk.SpeechRecognizer(speech_config=config, audio_config=audio)


class Session:
    """Continuous recognition, to its end."""

    def __init__(self, recognizer: sdk.SpeechRecognizer) -> None:
        self.drafts: list[str] = []
        self.results: list[Any] = []
        self.cancelled: list[Any] = []
        over = threading.Event()
        recognizer.recognizing.connect(lambda e: self.drafts.append(e.result.text))
        recognizer.recognized.connect(lambda e: self.results.append(e.result))
        recognizer.canceled.connect(
            lambda e: self.cancelled.append(e.cancellation_details)
        )
        recognizer.session_stopped.connect(lambda _: over.set())
        recognizer.start_continuous_recognition_async().get()
        assert over.wait(WAIT_SECONDS)
        recognizer.stop_continuous_recognition_async().get()

    @property
    def texts(self) -> list[str]:
        return [result.text for result in self.results]


def test_one_phrase_of_a_file_in_detail(ward: Deployed, talk: Path) -> None:
    wanted = config(ward)
    wanted.output_format = sdk.OutputFormat.Detailed
    wanted.request_word_level_timestamps()
    result = recogniser(wanted, talk).recognize_once()
    assert result.reason is sdk.ResultReason.RecognizedSpeech
    assert "heartbeat" in result.text
    (best,) = json.loads(result.json)["NBest"]
    assert best["Display"] == result.text
    assert "pulse" in best["Lexical"]
    times = [word["Offset"] for word in best["Words"]]
    assert times == sorted(times)
    assert result.offset <= times[0]
    assert times[-1] <= result.offset + result.duration
    assert all(0 < word["Confidence"] <= 1 for word in best["Words"])


def test_one_phrase_after_the_other_on_one_connection(
    ward: Deployed, talk: Path
) -> None:
    recognizer = recogniser(config(ward), talk)
    results = [recognizer.recognize_once() for _ in SAID]
    for result, said in zip(results, SAID.values(), strict=True):
        assert said in result.text
    offsets = [result.offset for result in results]
    assert offsets == sorted(set(offsets))


@pytest.mark.parametrize("is_dictation", [False, True])
def test_a_talk_of_several_phrases(
    ward: Deployed, talk: Path, is_dictation: bool
) -> None:
    wanted = config(ward)
    if is_dictation:
        wanted.enable_dictation()
    session = Session(recogniser(wanted, talk))
    assert len(session.texts) == len(SAID)
    for text, said in zip(session.texts, SAID.values(), strict=True):
        assert said in text
    assert session.drafts
    (cancelled,) = session.cancelled
    assert cancelled.reason is sdk.CancellationReason.EndOfStream


def test_a_phrase_list_helps(ward: Deployed, talk: Path) -> None:
    recognizer = recogniser(config(ward), talk)
    grammar = sdk.PhraseListGrammar.from_recognizer(recognizer)
    for phrase in ("metoprolol", "lisinopril", "amlodipine"):
        grammar.addPhrase(phrase)
    grammar.setWeight(2.0)
    text = " ".join(Session(recognizer).texts).lower()
    assert "lisinopril" in text
    assert "amlodipine" in text


def test_a_telephone_is_pushed_piece_by_piece(ward: Deployed, talk: Path) -> None:
    with wave.open(str(talk)) as audio:
        samples = np.frombuffer(audio.readframes(audio.getnframes()), "<i2")
    form = sdk.audio.AudioStreamFormat(
        samples_per_second=8_000, bits_per_sample=16, channels=1
    )
    stream = sdk.audio.PushAudioInputStream(form)
    recognizer = sdk.SpeechRecognizer(
        speech_config=config(ward), audio_config=sdk.AudioConfig(stream=stream)
    )
    stream.write(samples[::2].tobytes())
    stream.close()
    session = Session(recognizer)
    assert "surgery" in " ".join(session.texts)


def test_silence_is_no_match(ward: Deployed, tmp_path: Path) -> None:
    path = tmp_path / "silence.wav"
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(bytes(2 * 7 * RATE_HZ))
    result = recogniser(config(ward), path).recognize_once()
    assert result.reason is sdk.ResultReason.NoMatch
    details = result.no_match_details
    assert details.reason is sdk.NoMatchReason.InitialSilenceTimeout


def test_a_wrong_key_is_told(ward: Deployed, talk: Path) -> None:
    result = recogniser(config(ward, key="0" * 32), talk).recognize_once()
    details = result.cancellation_details
    assert details.code is sdk.CancellationErrorCode.AuthenticationFailure
    assert "401" in details.error_details


def test_another_language_is_refused(ward: Deployed, talk: Path) -> None:
    wanted = config(ward)
    wanted.speech_recognition_language = "de-DE"
    details = recogniser(wanted, talk).recognize_once().cancellation_details
    assert details.code is sdk.CancellationErrorCode.BadRequest


def test_translation_is_refused_in_words(ward: Deployed, talk: Path) -> None:
    host = ward.url.replace("http://", "ws://")
    wanted = sdk.translation.SpeechTranslationConfig(host=host, subscription=ward.key)
    wanted.speech_recognition_language = "en-US"
    wanted.add_target_language("de")
    audio = sdk.audio.AudioConfig(filename=str(talk))
    translator = sdk.translation.TranslationRecognizer(wanted, audio_config=audio)
    details = translator.recognize_once().cancellation_details
    assert details.code is sdk.CancellationErrorCode.BadRequest
    assert "not translated here" in details.error_details


def test_two_hundred_clients_at_once(ward: Deployed) -> None:
    """Silence costs next to nothing, so all of them are served."""
    host = ward.url.replace("http://", "ws://")
    url = f"{host}/speech/recognition/conversation/cognitiveservices/v1?language=en-US"

    async def client(number: int) -> bool:
        head = f"Path:audio\r\nX-RequestId:{number:032x}\r\n".encode()
        audio = len(head).to_bytes(2, "big") + head
        async with websockets.connect(
            url,
            subprotocols=[websockets.Subprotocol("USP")],
            additional_headers={"Ocp-Apim-Subscription-Key": ward.key},
            open_timeout=WAIT_SECONDS,
        ) as socket:
            return await silent(socket, audio, f"{number:032x}")

    async def silent(socket: Any, audio: bytes, request: str) -> bool:
        header = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80>\0\0\0}\0\0\2\0\x10\0"
        await socket.send(audio + header + b"data\0\0\0\0")
        for _ in range(20):
            await socket.send(audio + bytes(3_200))
        await socket.send(audio)
        async for message in socket:
            assert f"X-RequestId:{request}" in message
            if "Path:turn.end" in message:
                return True
        return False

    async def all_of_them() -> list[bool]:
        async with asyncio.timeout(WAIT_SECONDS):
            return await asyncio.gather(*(client(number) for number in range(200)))

    assert all(asyncio.run(all_of_them()))
