"""Clients of the data plane in the real tests: what they say, how they ask, and what
the server holds meanwhile."""

from __future__ import annotations

import io
import re
import wave
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from uuid import uuid4

import httpx
from faster_whisper import decode_audio

from recognition.tests.installation import Deployed
from speechstudio.tests.samples import CLIPS

RATE_HZ = 16_000
SHORT_AUDIO = "/speech/recognition/conversation/cognitiveservices/v1"
# How alike what was heard and what was said are at least, of 1.
_ALIKE = 0.5
# A file whose end nobody knows: 16 kHz mono, 16 bits.
WAV_HEADER = (
    b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80>\0\0\0}\0\0\2\0\x10\0data\0\0\0\0"
)


@dataclass(frozen=True)
class Said:
    """A clip of the sample project."""

    text: str  # what a person heard
    ogg: bytes
    pcm: bytes  # 16 kHz mono, 16 bits

    @property
    def wav(self) -> bytes:
        file = io.BytesIO()
        with wave.open(file, "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(RATE_HZ)
            out.writeframes(self.pcm)
        return file.getvalue()


def clips() -> list[Said]:
    with zipfile.ZipFile(CLIPS) as archive:
        lines = archive.read("trans.txt").decode("utf-8-sig").splitlines()
        pairs = [line.split("\t") for line in lines]
        return [_said(text, archive.read(name)) for name, text in pairs]


def _said(text: str, ogg: bytes) -> Said:
    samples = decode_audio(io.BytesIO(ogg))
    return Said(text, ogg, (samples.clip(-1, 1) * 32_767).astype("<i2").tobytes())


# The one sentence that the model of these tests was made of (`installation.py`). It
# takes it, now and then, for what it does not understand; no client says it.
OWN = Said("The patient takes metoprolol in the morning.", b"", b"")


def clip_of(heard: str, clips: Sequence[Said]) -> Said | None:
    """The clip whose words these are, more than those of any other, or `OWN`; some
    words may be wrong."""
    by_words = {_words(clip.text): clip for clip in (*clips, OWN)}
    found = get_close_matches(_words(heard), by_words, n=1, cutoff=_ALIKE)
    return by_words[found[0]] if found else None


def _words(text: str) -> str:
    return re.sub(r"[^a-z0-9 ]", "", text.lower())


def key_of(ward: Deployed) -> dict[str, str]:
    """The header that an endpoint's clients send."""
    return {"Ocp-Apim-Subscription-Key": ward.key}


def understood(ward: Deployed, clips: Sequence[Said]) -> list[Said]:
    """Those clips that the endpoint's model hears right. One that knows very few
    sentences may take other words for those."""
    url = f"{ward.url}{SHORT_AUDIO}?language=en-US"
    found = []
    with httpx.Client(headers=key_of(ward), timeout=60) as client:
        for said in clips:
            heard = client.post(url, content=said.ogg).raise_for_status().json()
            if clip_of(heard.get("DisplayText", ""), clips) is said:
                found.append(said)
    return found


def audio_message() -> bytes:
    """What stands before each piece of a new turn's sound, on a WebSocket."""
    head = f"Path:audio\r\nX-RequestId:{uuid4().hex}\r\n".encode()
    return len(head).to_bytes(2, "big") + head


@dataclass(frozen=True)
class Held:
    """By a process, or by several."""

    megabytes: float  # resident
    threads: int
    files: int  # open

    def __add__(self, other: Held) -> Held:
        return Held(
            self.megabytes + other.megabytes,
            self.threads + other.threads,
            self.files + other.files,
        )


def held(pid: int) -> Held:
    """Raises `OSError` when the process has ended."""
    folder = Path(f"/proc/{pid}")
    status = (folder / "status").read_text()
    found = dict(re.findall(r"^(VmRSS|Threads):\s+(\d+)", status, re.MULTILINE))
    files = len(list((folder / "fd").iterdir()))
    # One that is just ending has no memory any more.
    return Held(int(found.get("VmRSS", 0)) / 1000, int(found["Threads"]), files)
