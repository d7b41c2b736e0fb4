"""What a list of phrases does, said or not, and how long a draft takes.

The terms of the sample project, spoken by its voices, and names that no model knows,
spoken by the voice that reads texts. The list has as many phrases that nobody says.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from faster_whisper import decode_audio

from benchmarks.throughput import extract
from engines.base import Clip, Decoding
from engines.voices import get_voice
from engines.whisper.engine import WhisperEngine
from scoring.errors import ErrorCounts, counts
from scoring.normalization import words
from speechstudio import env
from speechstudio.tests.samples import CLIPS

REFERENCE = "tiny.en"
ENGLISH = Decoding("en-US")
WEIGHTS = (0.0, 0.5, 1.0, 2.0)
_SECONDS = (1, 2, 4, 8)
_ROUNDS = 7
_TERMS_TEXT = """\
metoprolol lisinopril atorvastatin apixaban amlodipine furosemide dyspnea levothyroxine
hypothyroidism TSH paresthesias gabapentin GERD omeprazole sertraline clopidogrel
empagliflozin metformin tamsulosin nocturia BPH spironolactone hyperkalemia prednisone
albuterol COPD syncope orthopnea afebrile bibasilar echocardiogram troponin
"""
_TERMS = _TERMS_TEXT.split()
_NAMED = {
    "Please ask Jessie Okafor to call Contoso tomorrow.": ("Jessie Okafor", "Contoso"),
    "Fabrikam signed the contract with Northwind.": ("Fabrikam", "Northwind"),
    "The cluster runs on Kubernetes and reports to Grafana.": ("Kubernetes", "Grafana"),
    "Keep the data in PostgreSQL and cache it with Redis.": ("PostgreSQL", "Redis"),
    "Doctor Rehaan Siddiqui is on call tonight.": ("Rehaan Siddiqui",),
    "The train to Lutonville leaves at noon.": ("Lutonville",),
    "Our new product is called Velotrix.": ("Velotrix",),
    "Turn on the Zephyrion lamp in the hallway.": ("Zephyrion",),
    "Send the invoice to Adatum Corporation.": ("Adatum",),
    "The meeting with Tailspin Toys was moved.": ("Tailspin Toys",),
    "Nadia Kowalska wrote the report.": ("Nadia Kowalska",),
    "Open the Wingtip page and check the Kelvora sensor.": ("Wingtip", "Kelvora"),
    "Please book a room at the Marisolana hotel.": ("Marisolana",),
    "I bought a Brontavo bicycle last week.": ("Brontavo",),
    "The Ansible playbook failed on the Debian server.": ("Ansible", "Debian"),
    "My name is Thaddeus Wrenfield.": ("Thaddeus Wrenfield",),
    "We will visit Llanberis and Betws.": ("Llanberis", "Betws"),
    "The Quorvex engine needs a new filter.": ("Quorvex",),
    "Ask Saoirse about the Litware account.": ("Saoirse", "Litware"),
    "The compiler uses LLVM and the build uses Bazel.": ("LLVM", "Bazel"),
}
_PLAIN = (
    "Please call me back when you get home.",
    "The weather will be nice tomorrow afternoon.",
    "We should order more paper for the printer.",
    "The train leaves at noon from the main station.",
    "I would like a cup of coffee and a sandwich.",
    "She went to the store to buy some bread and milk.",
    "Can you turn off the lights in the kitchen?",
    "He plays the guitar in a small band.",
    "The report must be finished before the end of the month.",
    "There is a problem with the door of the garage.",
    "They walked along the river until it was dark.",
    "The doctor said that I need more sleep.",
    "Our team won the game with two goals.",
    "It takes about an hour to drive to the airport.",
    "The children are playing in the garden.",
    "I forgot my password and cannot log in.",
)
_UNSAID_TEXT = """\
Anthropos Bellevue Cadwallader Drosophila Eberhardt Fitzwilliam Gorgonzola Huygens
Ishikawa Jalapeno Kaleidoscope Lichtenstein Mozambique Novosibirsk Oppenheimer Proseware
Papadopoulos Quesadilla Rachmaninoff Schenectady Tchaikovsky Uzbekistan Vladivostok
Worcestershire Xanthippe Yevgeny Zoroaster Relecloud VanArsdel ibuprofen warfarin
hydrochlorothiazide carvedilol losartan diltiazem digoxin montelukast citalopram
pantoprazole Woodgrove Lucerne Munson Trey Coho Humongous Margie Alpine Tailwind Fourth
Bellows Wideworld Consolidated Messenger Southridge Baldwin Museum Parnell Aerospace
"""
_UNSAID = _UNSAID_TEXT.split()

SECTION = f"""\
## Phrase lists, and drafts

{REFERENCE}, beam 5, one list for all. Phrases are found when the text has them as they
are written but for capitals; false alarms are phrases that were not said and that only
the list brought. Wanted: half of what is missed without a list, and no false alarm, at
weight 1; without a phrase in it, the same text.

| speech | clips | phrases said | weight | found | false alarms | WER % | CPU time |
|---|---:|---:|---:|---:|---:|---:|---:|
"""
DRAFTS = f"""

A draft beside a final result, of one clip alone, the best of {_ROUNDS}, on
{env.cores()} threads.

| speech s | draft ms | final ms |
|---:|---:|---:|
"""


@dataclass(frozen=True)
class Speech:
    name: str
    clips: Sequence[Clip]
    texts: Sequence[str]  # what is said
    said: Sequence[Sequence[str]]  # the phrases in each


def section() -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        engine = WhisperEngine([REFERENCE], env.cores(), folder / "models")
        engine.load(REFERENCE)
        speech = [_sample(folder), _spoken("names", list(_NAMED), folder)]
        speech.append(_spoken("no phrases", _PLAIN, folder))
        rows = [row for one in speech for row in _rows(engine, one)]
        drafts = list(_drafts(engine, speech[0].clips))
    return SECTION + "\n".join(rows) + DRAFTS + "\n".join(drafts)


def _rows(engine: WhisperEngine, speech: Speech) -> Iterator[str]:
    """One for each weight; the first, without phrases, is what others are beside."""
    listed = (*_TERMS, *(name for names in _NAMED.values() for name in names), *_UNSAID)
    plain: list[str] = []
    for weight in WEIGHTS:
        options = replace(ENGLISH, phrases=listed, phrase_weight=weight)
        started = time.process_time()
        heard = engine.transcribe(REFERENCE, speech.clips, options)
        texts = [transcript.text for transcript in heard]
        seconds = time.process_time() - started
        plain = plain or texts
        if weight == 0:
            first = seconds
        found = wrong = 0
        errors = ErrorCounts()
        for text, before, said, phrases in zip(
            texts, plain, speech.texts, speech.said, strict=True
        ):
            found += sum(_has(text, phrase) for phrase in phrases)
            brought = [p for p in listed if _has(text, p) and not _has(before, p)]
            wrong += sum(not _has(said, phrase) for phrase in brought)
            errors += counts(said, text, "en-US")
        phrases_said = sum(map(len, speech.said))
        yield (
            f"| {speech.name} | {len(texts)} | {phrases_said} | {weight:g} | {found} "
            f"| {wrong} | {100 * (errors.rate or 0):.1f} | {seconds / first:.2f} |"
        )


def _has(text: str, phrase: str) -> bool:
    padded = f" {' '.join(words(text, 'en-US'))} "
    return f" {' '.join(words(phrase, 'en-US'))} " in padded


def _sample(folder: Path) -> Speech:
    references, clips, _ = extract(CLIPS, folder)
    texts = [references[clip.key] for clip in clips]
    said = [[term for term in _TERMS if _has(text, term)] for text in texts]
    return Speech("sample project", clips, texts, said)


def _spoken(name: str, texts: Sequence[str], folder: Path) -> Speech:
    clips = []
    for number, text in enumerate(texts):
        path = folder / f"{name}-{number}.wav"
        get_voice("en-US").speak(text, path)
        clips.append(Clip(f"{number}", path))
    return Speech(name, clips, texts, [_NAMED.get(text, ()) for text in texts])


def _drafts(engine: WhisperEngine, clips: Sequence[Clip]) -> Iterator[str]:
    """Of the first seconds of all clips in a row."""
    sound = [sample for clip in clips[:4] for sample in decode_audio(str(clip.path))]
    pcm = b"".join(
        round(float(sample) * 32767).to_bytes(2, "little", signed=True)
        for sample in sound[: 16_000 * max(_SECONDS)]
    )
    for seconds in _SECONDS:
        clip = Clip("a", pcm=pcm[: 2 * 16_000 * seconds])
        draft, final = (
            min(_milliseconds(engine, clip, options) for _ in range(_ROUNDS))
            for options in (replace(ENGLISH, is_draft=True), ENGLISH)
        )
        yield f"| {seconds} | {draft:.0f} | {final:.0f} |"


def _milliseconds(engine: WhisperEngine, clip: Clip, options: Decoding) -> float:
    started = time.perf_counter()
    list(engine.transcribe(REFERENCE, [clip], options))
    return 1000 * (time.perf_counter() - started)


if __name__ == "__main__":
    print(section())
