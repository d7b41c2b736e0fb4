from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from engines import registry
from engines.base import EngineError
from engines.fake import FakeEngine
from engines.registry import get_engine, replaced

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"ctranslate2", "faster_whisper", "av", "torch", "huggingface_hub"}


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """No engine has been made yet."""
    monkeypatch.setattr(registry, "_instances", {})


def test_it_works() -> None:
    engine = FakeEngine()
    with replaced("whisper", engine):
        assert get_engine("whisper") is engine


@pytest.mark.usefixtures("fresh")
def test_the_former_engine_comes_back() -> None:
    first = FakeEngine()
    with replaced("whisper", first):
        with replaced("whisper", FakeEngine()):
            assert get_engine("whisper") is not first
        assert get_engine("whisper") is first


@pytest.mark.usefixtures("fresh")
def test_an_engine_is_made_once_and_with_the_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if not settings.configured:
        settings.configure()
    monkeypatch.setattr(settings, "ENGINE_BASE_MODELS", ["tiny.en"], raising=False)
    monkeypatch.setattr(settings, "ENGINE_THREADS", 1, raising=False)
    monkeypatch.setattr(settings, "ENGINE_MODELS_DIR", tmp_path, raising=False)
    monkeypatch.setattr(settings, "ENGINE_MEMORY_MB", 500, raising=False)
    engine = get_engine("whisper")
    assert engine is get_engine("whisper")
    assert [model.reference for model in engine.base_models()] == ["tiny.en"]


@pytest.mark.parametrize("name", ["", "fake", "azure"])
def test_an_unknown_engine_and_the_fake_one_cannot_be_had(name: str) -> None:
    with pytest.raises(EngineError, match="no speech engine") as caught:
        get_engine(name)
    assert caught.value.code == "UnknownEngine"


def test_nothing_heavy_is_imported_before_an_engine_is_asked_for() -> None:
    code = (
        f"import sys, engines.base, engines.registry; "
        f"print(sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
