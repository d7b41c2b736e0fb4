from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from engines.whisper import catalog


@pytest.mark.parametrize(
    ("reference", "released"),
    [
        ("tiny.en", date(2022, 9, 21)),
        ("small", date(2022, 9, 21)),
        ("large-v2", date(2022, 12, 5)),
        ("large-v3", date(2023, 11, 6)),
        ("large", date(2023, 11, 6)),  # the same files
        ("turbo", date(2024, 9, 30)),
        ("distil-small.en", None),
        ("somebody/whisper-mine", None),
    ],
)
def test_a_published_size_knows_its_day(
    reference: str, released: date | None, tmp_path: Path
) -> None:
    assert catalog.describe(reference, tmp_path).released == released


def test_a_whisper_model_adapts_with_every_kind_of_data(tmp_path: Path) -> None:
    kinds = catalog.describe("base", tmp_path).adapts_with
    assert kinds == {
        "Acoustic",
        "AudioFiles",
        "Transcript",
        "Language",
        "LanguageMarkdown",
        "Pronunciation",
        "OutputFormatting",
    }
