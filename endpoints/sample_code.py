"""The addresses of an endpoint, and programs that use them as they are pasted.

The programs take the key from the environment, so that it is in no file, and hear
`audio.wav`.
"""

from __future__ import annotations

from dataclasses import dataclass
from string import Template

KEY_VARIABLE = "SPEECH_KEY"
_MODES = ("interactive", "conversation", "dictation")
_SPEECH = "/speech/recognition/{mode}/cognitiveservices/v1?cid={endpoint}"
_FAST = "/speechtotext/transcriptions:transcribe?api-version=2025-10-15"


@dataclass(frozen=True)
class Addresses:
    """`root` is the address of this server as the client knows it, without the last
    slash: `https://studio.example:8000`."""

    root: str
    endpoint: str = ""  # its ID

    @property
    def websocket_root(self) -> str:
        """What the Speech SDKs call the host.

        >>> Addresses("https://studio.example").websocket_root
        'wss://studio.example'
        """
        return self.root.replace("http", "ws", 1)

    @property
    def rest(self) -> list[tuple[str, str]]:
        """A mode, and its address for short audio."""
        return [(mode, self.root + self._path(mode)) for mode in _MODES]

    @property
    def websocket(self) -> list[tuple[str, str]]:
        """A mode, and its address for streams."""
        return [(mode, self.websocket_root + self._path(mode)) for mode in _MODES]

    @property
    def token(self) -> str:
        return f"{self.root}/sts/v1.0/issueToken"

    @property
    def fast(self) -> str:
        return self.root + _FAST

    @property
    def openai(self) -> str:
        return f"{self.root}/v1"

    def _path(self, mode: str) -> str:
        return _SPEECH.format(mode=mode, endpoint=self.endpoint)


@dataclass(frozen=True)
class Sample:
    """A program; `needs` is what has to be installed for it."""

    slug: str
    title: str
    needs: str
    text: str


def samples(addresses: Addresses, locale: str) -> list[Sample]:
    values = {
        "host": addresses.websocket_root,
        "endpoint": addresses.endpoint,
        "locale": locale,
        "conversation": dict(addresses.rest)["conversation"],
        "openai": addresses.openai,
        "key": KEY_VARIABLE,
    }
    return [
        Sample(slug, title, needs, Template(text).substitute(values))
        for slug, title, needs, text in _PROGRAMS
    ]


_CURL = """\
curl "$conversation&language=$locale&format=detailed" \\
  -H "Ocp-Apim-Subscription-Key: $$$key" \\
  -H "Content-Type: audio/wav; codecs=audio/pcm; samplerate=16000" \\
  --data-binary @audio.wav
"""
_PYTHON = """\
import os

import azure.cognitiveservices.speech as speechsdk

config = speechsdk.SpeechConfig(
    host="$host", subscription=os.environ["$key"]
)
config.speech_recognition_language = "$locale"
config.endpoint_id = "$endpoint"

audio = speechsdk.audio.AudioConfig(filename="audio.wav")
recognizer = speechsdk.SpeechRecognizer(speech_config=config, audio_config=audio)
result = recognizer.recognize_once()
if result.reason == speechsdk.ResultReason.RecognizedSpeech:
    print(result.text)
elif result.reason == speechsdk.ResultReason.Canceled:
    print(result.cancellation_details.error_details)
else:
    print("Nothing was recognised.")
"""
_OPENAI = """\
import os

from openai import OpenAI

client = OpenAI(
    base_url="$openai", api_key=os.environ["$key"]
)
with open("audio.wav", "rb") as audio:
    result = client.audio.transcriptions.create(
        model="$endpoint", file=audio
    )
print(result.text)
"""
_CSHARP = """\
using Microsoft.CognitiveServices.Speech;
using Microsoft.CognitiveServices.Speech.Audio;

var config = SpeechConfig.FromHost(
    new Uri("$host"), Environment.GetEnvironmentVariable("$key"));
config.SpeechRecognitionLanguage = "$locale";
config.EndpointId = "$endpoint";

using var audio = AudioConfig.FromWavFileInput("audio.wav");
using var recognizer = new SpeechRecognizer(config, audio);
var result = await recognizer.RecognizeOnceAsync();
if (result.Reason == ResultReason.RecognizedSpeech)
    Console.WriteLine(result.Text);
else if (result.Reason == ResultReason.Canceled)
    Console.WriteLine(CancellationDetails.FromResult(result).ErrorDetails);
else
    Console.WriteLine("Nothing was recognised.");
"""
_JAVASCRIPT = """\
const fs = require("fs");
const sdk = require("microsoft-cognitiveservices-speech-sdk");

const config = sdk.SpeechConfig.fromHost(new URL("$host"), process.env.$key);
config.speechRecognitionLanguage = "$locale";
config.endpointId = "$endpoint";

const audio = sdk.AudioConfig.fromWavFileInput(fs.readFileSync("audio.wav"));
const recognizer = new sdk.SpeechRecognizer(config, audio);
recognizer.recognizeOnceAsync(
  (result) => {
    console.log(result.text ?? result.errorDetails ?? "Nothing was recognised.");
    recognizer.close();
  },
  (error) => {
    console.error(error);
    recognizer.close();
  },
);
"""
_PROGRAMS = [
    ("curl", "curl", "", _CURL),
    (
        "python",
        "Python (Speech SDK)",
        "pip install azure-cognitiveservices-speech",
        _PYTHON,
    ),
    ("openai", "Python (openai)", "pip install openai", _OPENAI),
    (
        "csharp",
        "C#",
        "dotnet add package Microsoft.CognitiveServices.Speech",
        _CSHARP,
    ),
    (
        "javascript",
        "JavaScript",
        "npm install microsoft-cognitiveservices-speech-sdk",
        _JAVASCRIPT,
    ),
]
