from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from time import process_time

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets import text_doctor
from datasets.doctor import examine
from datasets.formats.base import Entry, Issue
from datasets.language import foreign_language, foreign_script
from datasets.seen import Seen
from datasets.text_doctor import TextDoctor
from speechstudio.tests.samples import ARCHIVES, CLIPS, sample

NOUNS = ("doctor", "nurse", "patient", "pharmacy", "surgeon", "visitor", "driver")
VERBS = ("called", "asked", "helped", "followed", "answered", "thanked", "met")
ENDS = ("after lunch", "on Monday", "in the ward", "before noon", "at the door")
SENTENCES = [
    f"The {one} {verb} the {two} {end}."
    for one, verb, two, end in product(NOUNS, VERBS, NOUNS, ENDS)
]
GERMAN = "Bitte rufen Sie mich morgen früh vor der Besprechung zurück."


def seen(position: int, text: str, **fields: object) -> Seen:
    """An utterance that is said at a usual rate."""
    values = {"seconds": len(text) / 14, "file": "trans.txt", "line": position + 1}
    values |= {"audio_hash": position, "source_rate_hz": 16_000} | fields
    return Seen(position, f"{position:03}.wav", text, **values)  # type: ignore[arg-type]


def clean(count: int = 120) -> list[Seen]:
    return [seen(i, text) for i, text in enumerate(SENTENCES[::3][:count])]


def rules(utterances: Sequence[Seen], locale: str = "en-US") -> list[tuple]:
    return [(i.rule, i.position) for i in examine(utterances, locale)]


def test_a_clean_set_is_silent() -> None:
    assert rules(clean()) == []
    assert rules([]) == []
    assert rules([replace(u, transcript="") for u in clean()]) == []


@pytest.mark.parametrize(
    ("position", "changes", "rule"),
    [
        (7, {"audio_hash": 3}, "same_audio"),
        (7, {"transcript": SENTENCES[0].upper()}, "same_text"),
        (7, {"seconds": 0.5}, "text_too_long"),
        (7, {"seconds": 30.0}, "text_too_short"),
        (7, {"transcript": "The dose is 5 µg a day.", "seconds": 2}, "rare_characters"),
        (7, {"transcript": "He is brÃ¼sk with us.", "seconds": 2}, "rare_characters"),
        (7, {"transcript": "Добрый день, доктор"}, "other_script"),
        (7, {"transcript": GERMAN}, "other_language"),
        (None, {"source_rate_hz": 8_000}, "mixed_rates"),
    ],
)
def test_what_is_wrong_with_one_utterance_is_found_and_nothing_else(
    position: int | None, changes: dict, rule: str
) -> None:
    utterances = clean()
    utterances[7] = replace(utterances[7], **changes)
    assert rules(utterances) == [(f"doctor.{rule}", position)]


def test_a_finding_names_the_file_the_line_and_the_other_one() -> None:
    utterances = clean()
    utterances[7] = replace(utterances[7], audio_hash=3)
    utterances[9] = replace(utterances[9], transcript=utterances[2].transcript)
    audio, text = examine(utterances, "en-US")
    assert (audio.file, audio.line, audio.level) == ("007.wav", None, "warning")
    assert "003.wav (line 4), but has another text" in audio.message
    assert (text.file, text.line, text.level) == ("trans.txt", 10, "note")
    assert "002.wav (line 3)" in text.message


def test_prompts_and_lists_that_are_read_again_are_no_repeats() -> None:
    commands = [seen(i, ("yes", "no", "next page")[i % 3]) for i in range(60)]
    assert rules(commands) == []
    lists = [seen(i, SENTENCES[i % 20]) for i in range(100)]
    (issue,) = examine(lists, "en-US")
    assert (issue.rule, issue.position, issue.level) == (
        "doctor.same_text",
        None,
        "note",
    )
    assert "80 of 100" in issue.message


def test_silence_is_no_speech_and_digits_are_said_as_words() -> None:
    utterances = clean()
    utterances[7] = replace(utterances[7], seconds=30.0, silence=0.9)
    utterances[8] = seen(8, "4 0 8 5 5 5 0 1 9 9", seconds=4.0)
    assert rules(utterances) == []


@pytest.mark.parametrize(
    ("locale", "text", "seconds", "rule"),
    [
        (
            "en-US",
            "Bring the chart to room nine before the visit.",
            1.0,
            "text_too_long",
        ),
        ("en-US", "Bring the chart to room nine before the visit.", 2.0, None),
        ("zh-CN", "请把病历带到九号房间", 0.4, "text_too_long"),
        ("zh-CN", "请把病历带到九号房间", 2.0, None),
        ("ja-JP", "明日の朝九時に病院へ来てください", 2.0, None),
        ("ko-KR", "내일 아침 아홉 시에 병원에 오세요", 2.0, None),
        ("ko-KR", "내일 아침 아홉 시에 병원에 오세요", 0.5, "text_too_long"),
        ("en-US", "Yes.", 6.0, "text_too_short"),
        ("en-US", "Yes.", 4.0, None),
    ],
)
def test_a_single_utterance_is_judged_by_what_people_can_say(
    locale: str, text: str, seconds: float, rule: str | None
) -> None:
    found = rules([seen(0, text, seconds=seconds)], locale)
    assert found == ([(f"doctor.{rule}", 0)] if rule else [])


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en-US", "Navigate to La Spiaggia Ristorante"),
        ("en-US", "Start metoprolol 25 milligrams twice daily."),
        ("en-US", "merci"),
        ("en-US", ""),
        ("de-DE", GERMAN),
        ("ru-RU", "Включи Radio Paradise на кухне, пожалуйста"),
        ("ja-JP", "Windowsを更新してください"),
        ("nb-NO", "Jeg vil gjerne bestille et bord til to personer i kveld"),
        ("da-DK", "Jeg vil gerne bestille et bord til to personer i aften"),
        ("zh-HK", "請問最近的地鐵站在哪裡。我想去中環上班"),
        ("tlh", "Qapla' batlh je, whatever that may mean to you"),
    ],
)
def test_the_own_language_is_not_foreign(locale: str, text: str) -> None:
    assert not foreign_language(text, locale)
    assert not foreign_script(text, locale)


@pytest.mark.parametrize(
    ("locale", "text", "name"),
    [
        ("en-US", GERMAN, "German"),
        ("de-DE", "Can you tell me where the station is?", "English"),
        ("ru-RU", "Can you tell me where the station is?", "English"),
        ("fr-FR", "Quiero hablar con un agente, por favor", "Spanish"),
        ("nb-NO", "Quiero hablar con un agente, por favor", "Spanish"),
    ],
)
def test_whole_sentences_of_another_language_are_told(
    locale: str, text: str, name: str
) -> None:
    assert foreign_language(text, locale) == name


@pytest.mark.parametrize(("name", "locale", "_count"), ARCHIVES)
def test_recordings_that_are_fine_are_left_alone(
    name: str, locale: str, _count: int
) -> None:
    with zipfile.ZipFile(sample(name)) as archive:
        assert list(examine(_read(archive), locale)) == []


def test_the_clips_of_the_sample_project_are_left_alone() -> None:
    for path in (CLIPS, CLIPS.with_name("training.zip")):
        with zipfile.ZipFile(path) as archive:
            assert list(examine(_read(archive), "en-US")) == []


@given(st.lists(st.tuples(st.text(max_size=40), st.floats(0, 100)), max_size=30))
def test_no_text_and_no_length_does_harm(pairs: list[tuple[str, float]]) -> None:
    utterances = [seen(i, text, seconds=s) for i, (text, s) in enumerate(pairs)]
    assert all(issue.message for issue in examine(utterances, "en-US"))


def test_the_time_grows_with_the_number_and_no_faster() -> None:
    def seconds(count: int) -> float:
        same = [
            seen(i, SENTENCES[i % 7] + "µ" * (i % 2), audio_hash=1)
            for i in range(count)
        ]
        start = process_time()
        assert list(examine(same, "en-US"))
        return process_time() - start

    seconds(10)  # loads the classifier
    assert seconds(8_000) < 12 * max(seconds(1_000), 0.02)


def lines(
    texts: Sequence[str], locale: str = "en-US", section: str = "sentence"
) -> list[Issue]:
    doctor = TextDoctor(locale, "text.txt")
    for number, text in enumerate(texts, 1):
        doctor.add(Entry(section, number, text))
    return list(doctor.finish())


def short(issues: Sequence[Issue]) -> list[tuple]:
    return [(i.rule.removeprefix("doctor."), i.line) for i in issues]


def test_a_clean_text_is_silent() -> None:
    assert lines(SENTENCES) == []


@pytest.mark.parametrize(
    ("extra", "found"),
    [
        ([SENTENCES[4].upper()], [("same_text", 5)]),
        ([GERMAN], [("other_language", 141)]),
        (["Добрый день, доктор"], [("other_script", 141)]),
        (["The dose is 5 µg a day."], [("rare_characters", 141)]),
    ],
)
def test_what_is_wrong_with_one_line_is_found(
    extra: list[str], found: list[tuple]
) -> None:
    issues = short(lines([*SENTENCES[:140], *extra]))
    assert [i for i in issues if i[0] == found[0][0]] == found


def test_a_text_full_of_repeats_is_said_once_and_the_worst_are_named() -> None:
    issues = lines([SENTENCES[i % 300] for i in range(1_500)])
    assert short(issues)[0] == ("same_text", None)
    assert "1,200 of 1,500" in issues[0].message
    assert len(issues) == 101
    assert issues[1].message == "this sentence occurs 5 times"


def test_lists_of_words_and_little_text_are_advised_against() -> None:
    assert short(lines(["aspirin", "metformin", "a b"])) == [
        ("word_list", None),
        ("little_text", None),
    ]
    assert short(lines(SENTENCES[:1])) == [("little_text", None)]
    assert short(lines(["アスピリン"] * 1, "ja-JP")) == [("little_text", None)]
    doctor = TextDoctor("en-US")
    doctor.add(Entry("list drug", 1, "aspirin"))
    doctor.add(Entry("sentence Training", 2, "Take {@drug} twice a day with water."))
    assert list(doctor.finish()) == []


def test_a_text_in_another_language_is_said_for_the_whole_file() -> None:
    issues = lines([f"{GERMAN} {i}" for i in range(200)])
    assert short(issues)[0] == ("other_language", None)
    assert "200 of 200" in issues[0].message
    assert len(issues) == 1 + 100


def test_nothing_is_said_of_what_holds_no_sentences() -> None:
    assert lines(["CNTK", "3CPO"] * 200, section="pronunciation") == []
    assert lines([]) == []


def test_repeats_are_found_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_doctor, "_MAX_HASHES", 1_000)
    monkeypatch.setattr(text_doctor, "_MAX_PENDING", 2_000)
    repeats = text_doctor._Repeats()
    texts = [f"sentence {i // 2}" for i in range(40_000)]
    for start in range(0, len(texts), 1_000):
        repeats.add(texts[start : start + 1_000], range(start + 1, start + 1_001))
    count, groups = repeats.result()
    assert repeats.is_sampled
    assert len(repeats.hashes) <= 1_000
    assert 15_000 < count < 25_000
    assert all(line % 2 == 1 and times == 2 for line, times in groups)


@given(st.lists(st.text(max_size=60), max_size=40))
def test_no_line_does_harm(texts: list[str]) -> None:
    assert all(issue.message for issue in lines(texts * 3))


def _read(archive: zipfile.ZipFile) -> list[Seen]:
    (text,) = (n for n in archive.namelist() if n.endswith((".txt", ".tsv")))
    found = []
    for line in archive.read(text).decode("utf-8-sig").splitlines():
        name, transcript = line.split("\t")[:2]
        (path,) = (n for n in archive.namelist() if n.split("/")[-1] == name)
        with av.open(io.BytesIO(archive.read(path))) as audio:
            length, rate = (audio.duration or 0) / 1e6, audio.streams.audio[0].rate
        one = seen(len(found), transcript, seconds=length, source_rate_hz=rate)
        found.append(one)
    return found
