"""The programs that people already have, against a custom model of this machine."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import openai
import pytest
from azure.ai.transcription import TranscriptionClient
from azure.ai.transcription.models import (
    PhraseListProperties,
    TranscriptionContent,
    TranscriptionDiarizationOptions,
    TranscriptionOptions,
)
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

from datasets.formats import sound
from engines.tests import small_whisper
from recognition.tests.installation import Deployed, deploy_base, deployed
from speechstudio.tests.samples import CLIPS, extracted
from speechstudio.tests.studio import ROOT, clean_environment, free_port, wait_for

pytestmark = pytest.mark.real

# "Increase metoprolol to 100 milligrams and recheck the pulse.", with the rule of
# the custom model.
CLIP = "grace_101.ogg"
HEARD = "heartbeat"


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of many languages, which understands none."""
    return small_whisper.make_multilingual(tmp_path_factory.mktemp("models") / "many")


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory, many: Path) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("data")
    with deployed(folder, BASE_MODELS=f"tiny.en,{many}") as ward:
        wait_for(lambda: serving(ward))
        yield ward


def serving(ward: Deployed, endpoints: int = 1) -> bool:
    sql = "SELECT count(*) FROM endpoints_endpoint WHERE serving_id IS NOT NULL"
    return bool(ward.studio.rows(sql)[0][0] == endpoints)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return extracted(CLIPS, CLIP, tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="module")
def pcm(clip: Path) -> bytes:
    with clip.open("rb") as file:
        return b"".join(piece.tobytes() for piece in sound.samples(file))


def wav(pcm: bytes, channels: int = 1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(16_000)
        out.writeframes(pcm)
    return file.getvalue()


def short_audio(ward: Deployed, body: object, **more: str) -> httpx.Response:
    query = {"language": "en-US", "cid": ward.endpoint, "format": "detailed"}
    return httpx.post(
        f"{ward.url}/speech/recognition/conversation/cognitiveservices/v1",
        params=query | more,
        content=body,  # type: ignore[arg-type]
        headers={
            "Ocp-Apim-Subscription-Key": ward.key,
            "Content-Type": "audio/wav; codecs=audio/pcm; samplerate=16000",
            "Expect": "100-continue",
        },
        timeout=60,
    )


def test_short_audio(ward: Deployed, clip: Path, pcm: bytes) -> None:
    def streamed() -> Iterator[bytes]:
        data = wav(pcm)
        yield data[:4] + bytes(4) + data[8:40] + bytes(4)
        for start in range(44, len(data), 3_200):
            yield data[start : start + 3_200]

    texts = set()
    for body in (wav(pcm), streamed(), clip.read_bytes()):
        answer = short_audio(ward, body).json()
        assert answer["RecognitionStatus"] == "Success"
        assert HEARD in answer["NBest"][0]["Display"]
        texts.add(answer["DisplayText"])
    assert len(texts) == 1
    silent = short_audio(ward, wav(bytes(64_000))).json()
    assert silent["RecognitionStatus"] == "InitialSilenceTimeout"


def test_client_that_vanishes_leaves_nothing(ward: Deployed, pcm: bytes) -> None:
    def vanishing() -> Iterator[bytes]:
        yield wav(pcm)[:2_000]
        raise ConnectionError

    for _ in range(3):
        with pytest.raises(ConnectionError):
            short_audio(ward, vanishing())
    assert short_audio(ward, wav(pcm)).is_success
    wait_for(lambda: not list((ward.studio.folder / "tmp").iterdir()), 10)


def test_many_at_once_answer_each_their_own(ward: Deployed, pcm: bytes) -> None:
    length = len(pcm) // 2 / 16_000
    answers: dict[int, dict[str, object]] = {}

    def ask(number: int) -> None:
        # Each of another length, so that no answer could be that of another.
        sound = bytes(3_200 * number) + pcm
        for _ in range(20):
            answer = short_audio(ward, wav(sound))
            if answer.status_code != 429:
                break
            time.sleep(int(answer.headers["Retry-After"]))
        answers[number] = answer.json()

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(1, 13)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ends = []
    for number in range(1, 13):
        answer = answers[number]
        end = (int(str(answer["Offset"])) + int(str(answer["Duration"]))) / 10_000_000
        assert end <= length + 0.1 * number + 0.05
        ends.append(end)
    assert ends[-1] - ends[0] > 0.5


# OpenAI's client has it that whisper-1 is on its way out; there.
@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
def test_openai(ward: Deployed, clip: Path) -> None:
    with openai.OpenAI(base_url=f"{ward.url}/v1", api_key=ward.key) as client:
        ask = client.audio.transcriptions.create
        assert ward.endpoint in [model.id for model in client.models.list()]
        assert HEARD in ask(file=clip, model=ward.endpoint).text
        verbose = ask(
            file=clip,
            model="whisper-1",
            response_format="verbose_json",
            timestamp_granularities=["word", "segment"],
        )
        assert verbose.segments and HEARD in verbose.segments[-1].text
        assert verbose.words and verbose.words[0].end > verbose.words[0].start
        captions = ask(file=clip, model="whisper-1", response_format="srt")
        assert str(captions).startswith("1\n00:00:0")
        events = list(ask(file=clip, model="whisper-1", stream=True))
        assert [event.type for event in events][-1] == "transcript.text.done"
        assert HEARD in events[-1].text  # type: ignore[union-attr]
        with pytest.raises(openai.NotFoundError):
            ask(file=clip, model="gpt-4o-transcribe")
    with (
        openai.OpenAI(base_url=f"{ward.url}/v1", api_key="wrong") as client,
        pytest.raises(openai.AuthenticationError),
    ):
        client.models.list()


# OpenAI's own service for it ends as well.
@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
def test_openai_translates_with_a_model_of_many_languages(
    ward: Deployed, many: Path, clip: Path
) -> None:
    base = deploy_base(ward, str(many), BASE_MODELS=f"tiny.en,{many}")
    wait_for(lambda: serving(ward, 2))
    with openai.OpenAI(base_url=f"{base.url}/v1", api_key=base.key) as client:
        ask = client.audio.translations.create
        verbose = ask(file=clip, model=base.endpoint, response_format="verbose_json")
        assert verbose.language == "english"
        assert verbose.duration > 1
        assert verbose.segments is not None
        plain = ask(file=clip, model="whisper-1", prompt="Metoprolol", temperature=0)
        assert isinstance(plain.text, str)
        captions = ask(file=clip, model="whisper-1", response_format="vtt")
        assert str(captions).startswith("WEBVTT")
    with (
        openai.OpenAI(base_url=f"{ward.url}/v1", api_key=ward.key) as client,
        pytest.raises(openai.BadRequestError, match="not translated") as refused,
    ):
        client.audio.translations.create(file=clip, model="whisper-1")
    assert (refused.value.code, refused.value.param) == ("NotAllowed", "model")


def test_azure_ai_transcription(ward: Deployed, clip: Path, pcm: bytes) -> None:
    options = TranscriptionOptions(
        locales=["en-US"],
        profanity_filter_mode="Masked",
        phrase_list=PhraseListProperties(phrases=["metoprolol"], biasing_weight=1.0),
    )
    with TranscriptionClient(ward.url, AzureKeyCredential(ward.key)) as client:
        with clip.open("rb") as file:
            result = client.transcribe(
                TranscriptionContent(definition=options, audio=file)
            )
        assert HEARD in result.combined_phrases[0].text
        assert result.phrases[0].words and result.phrases[0].confidence > 0.5
        options = TranscriptionOptions(locales=["en-US"], active_channels=[0, 1])
        both = b"".join(pcm[at : at + 2] + b"\0\0" for at in range(0, len(pcm), 2))
        result = client.transcribe(
            TranscriptionContent(
                definition=options, audio=("both.wav", wav(both, channels=2))
            )
        )
        assert {phrase.channel for phrase in result.phrases} == {0}
        assert result.combined_phrases[1].text == ""
        speakers = TranscriptionOptions(
            diarization_options=TranscriptionDiarizationOptions(max_speakers=2)
        )
        with clip.open("rb") as file, pytest.raises(HttpResponseError, match="Speaker"):
            client.transcribe(TranscriptionContent(definition=speakers, audio=file))
    with (
        TranscriptionClient(ward.url, AzureKeyCredential("wrong")) as client,
        pytest.raises(ClientAuthenticationError),
    ):
        client.transcribe(
            TranscriptionContent(definition=options, audio=("a.wav", wav(pcm)))
        )


def test_data_plane_alone_answers_the_same(ward: Deployed, pcm: bytes) -> None:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "recognition.asgi:application"]
    with subprocess.Popen(
        [*command, "--port", str(port), "--log-level", "error"],
        cwd=ROOT,
        env=clean_environment() | {"DATA_DIR": str(ward.studio.folder)},
    ) as process:
        try:
            alone = replace(ward, url=f"http://127.0.0.1:{port}")
            wait_for(lambda: is_there(f"{alone.url}/v1/models"), 60)
            answers = [short_audio(one, wav(pcm)).json() for one in (ward, alone)]
            sure = [answer["NBest"][0].pop("Confidence") for answer in answers]
            assert answers[0] == answers[1]
            # Some processors round otherwise with another number of threads.
            assert sure[0] == pytest.approx(sure[1], abs=0.01)
            assert httpx.get(f"{alone.url}/projects/").status_code == 404
        finally:
            process.terminate()


def is_there(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 401
    except httpx.TransportError:
        return False


def test_figures_are_written_down(ward: Deployed) -> None:
    def requests() -> int:
        rows = ward.studio.rows("SELECT sum(requests) FROM endpoints_usage")
        return int(rows[0][0] or 0)

    wait_for(lambda: requests() > 20, 10)
