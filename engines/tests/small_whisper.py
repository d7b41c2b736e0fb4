"""A whole Whisper model of 2 MB, of random weights and a vocabulary of letters."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from faster_whisper.tokenizer import _LANGUAGE_CODES
from tokenizers.pre_tokenizers import ByteLevel

from engines.whisper import weights
from engines.whisper.weights import Shape, State

LETTERS = ["a", "b", "c", "Ġ", "ab"]
SPECIAL = ["endoftext", "startoftranscript", "en", "de", "translate", "transcribe"]
SPECIAL += ["startoflm", "startofprev", "nospeech", "notimestamps"]
TOKENS = [*LETTERS, *(f"<|{name}|>" for name in SPECIAL)]
TIMES = 1501
# Tokens of text before the special ones, in the models of many languages.
_WORDS = 50_257
_PLAIN = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
_BYTES = {"add_prefix_space": False, "trim_offsets": False, "use_regex": True}
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


def make_multilingual(folder: Path) -> Path:
    """One that can really be asked, though it understands nothing: it has as many
    tokens as the published models of 99 languages, and the tasks where they have them.
    """
    languages = [one for one in _LANGUAGE_CODES if one != "yue"]
    special = [*SPECIAL[:2], *languages, *SPECIAL[4:]]
    letters = sorted(ByteLevel.alphabet())
    made_up = [f"Ġw{number}" for number in range(_WORDS - len(letters) - 1)]
    # By the empty one, their last, CTranslate2 4.8 knows a model of many languages.
    words = [*letters, *made_up, ""]
    tokens = [*words, *(f"<|{name}|>" for name in special)]
    shape = replace(
        SHAPE,
        d_model=64,
        heads=1,
        vocabulary=len(tokens) + TIMES,
        audio_positions=1_500,
        text_positions=448,
    )
    folder.mkdir(parents=True)
    weights.write_file(state(shape), folder / "model.bin")
    added = [
        {"id": number, "content": token, "special": True, **_PLAIN}
        for number, token in enumerate(tokens[_WORDS:], _WORDS)
    ]
    model = {
        "type": "BPE",
        "vocab": {token: number for number, token in enumerate(words)},
        "merges": [],
    }
    decoder = {"type": "ByteLevel", **_BYTES}
    times = [f"<|{step * 0.02:.2f}|>" for step in range(TIMES)]
    ids = range(_WORDS + 2, _WORDS + 2 + len(languages))
    for name, content in {
        "config.json": SETTINGS | {"alignment_heads": [[0, 0]], "lang_ids": [*ids]},
        "tokenizer.json": {
            "version": "1.0",
            "added_tokens": added,
            "pre_tokenizer": decoder,
            "decoder": decoder,
            "model": model,
        },
        "vocabulary.json": tokens + times,
    }.items():
        (folder / name).write_text(json.dumps(content), "utf-8")
    return folder


def token(folder: Path, text: str) -> int:
    """The number of a token of the model."""
    tokens: list[str] = json.loads((folder / "vocabulary.json").read_bytes())
    return tokens.index(text)
