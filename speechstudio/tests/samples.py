"""Where the tests and the benchmarks find speech.

The clips of the sample project are always there. More recordings, of more
kinds, are in `SAMPLES`; what wants those goes without where they are missing.
"""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from unittest import SkipTest

_ROOT = Path(__file__).resolve().parent.parent.parent
CLIPS = _ROOT / "speechstudio" / "sample" / "testing.zip"
SAMPLES = Path(os.environ.get("SAMPLES_DIR") or _ROOT.parent / "shared" / "samples")
# Audio with human-labelled transcripts: the path in `SAMPLES`, the locale, and
# the number of utterances.
ARCHIVES = [
    ("digits/test.zip", "en-US", 40),
    ("digits/train.zip", "en-US", 120),
    ("customspeech/en-US-general/testing/audio-and-trans.zip", "en-US", 1),
    ("customspeech/en-US-general/training/audio-and-trans.zip", "en-US", 2),
    ("customspeech/de-DE/testing/audio-and-trans.zip", "de-DE", 1),
]


def sample(name: str) -> Path:
    """A file in `SAMPLES`; the test that asks is skipped when it is missing."""
    path = SAMPLES / name
    if not path.exists():
        raise SkipTest(f"there is no {name} in {SAMPLES}; set SAMPLES_DIR")
    return path


def extracted(archive: Path, name: str, folder: Path) -> Path:
    """One file out of an archive, in this folder."""
    with zipfile.ZipFile(archive) as files:
        return Path(files.extract(name, folder))
