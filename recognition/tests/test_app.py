from __future__ import annotations

import pytest

from recognition.app import answers


@pytest.mark.parametrize(
    ("path", "is_ours"),
    [
        ("/speech/recognition/interactive/cognitiveservices/v1", True),
        ("/sts/v1.0/issueToken", True),
        ("/v1/models", True),
        ("/speechtotext/transcriptions:transcribe", True),
        ("/speechtotext/transcriptions", False),
        ("/speechtotext/transcriptions:submit", False),
        ("/projects/", False),
        ("/speech", False),
        ("/", False),
    ],
)
def test_what_programs_ask_goes_to_the_data_plane(path: str, is_ours: bool) -> None:
    assert answers(path) == is_ours
