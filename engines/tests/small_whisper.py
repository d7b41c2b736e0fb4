"""A whole Whisper model of 2 MB, of random weights and a vocabulary of letters."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from engines.whisper import weights
from engines.whisper.weights import Shape, State

LETTERS = ["a", "b", "c", "Ġ", "ab"]
SPECIAL = ["endoftext", "startoftranscript", "en", "de", "translate", "transcribe"]
SPECIAL += ["startoflm", "startofprev", "nospeech", "notimestamps"]
TOKENS = [*LETTERS, *(f"<|{name}|>" for name in SPECIAL)]
TIMES = 1501
SHAPE = Shape(
    d_model=128,
    heads=2,
    encoder_layers=2,
    decoder_layers=1,
    encoder_ffn=256,
    decoder_ffn=192,
    vocabulary=len(TOKENS) + TIMES,
    mels=80,
    audio_positions=6,
    text_positions=5,
)
SETTINGS = {
    "alignment_heads": [[0, 1]],
    "lang_ids": [7, 8],
    "suppress_ids": [1, 2],
    "suppress_ids_begin": [3, 5],
}


def state(shape: Shape = SHAPE) -> State:
    """Random weights, in float16; the same each time."""
    random = np.random.default_rng(1)
    return {
        name: random.normal(size=size).astype(np.float16)
        for name, size in weights._expected(shape).items()
    }


def tokenizer() -> dict[str, object]:
    """A tokenizer.json, as far as it matters here."""
    added = [
        {"id": number, "content": token, "special": True}
        for number, token in enumerate(TOKENS)
        if token not in LETTERS
    ]
    words = {token: number for number, token in enumerate(LETTERS)}
    model = {"type": "BPE", "vocab": words, "merges": ["a b"]}
    return {"added_tokens": added, "model": model}


def make(folder: Path) -> Path:
    """The model for CTranslate2."""
    folder.mkdir(parents=True)
    weights.write_file(state(), folder / "model.bin")
    times = [f"<|{step * 0.02:.2f}|>" for step in range(TIMES)]
    for name, content in {
        "config.json": SETTINGS,
        "tokenizer.json": tokenizer(),
        "vocabulary.json": TOKENS + times,
    }.items():
        (folder / name).write_text(json.dumps(content), "utf-8")
    return folder
