"""Whisper as Hugging Face keeps it: a folder for its `transformers`, both ways.

Weights are safetensors. Those of PyTorch's own format are not read: they are
pickles, which run whatever code is in them.
"""

from __future__ import annotations

import json
import re
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from engines.base import EngineError
from engines.whisper import json_file, model_file, vocabulary, weights
from engines.whisper.json_file import read_object
from engines.whisper.model_file import bad
from engines.whisper.vocabulary import Vocabulary
from engines.whisper.weights import Shape, State

_WEIGHTS = "model.safetensors"
_END = "<|endoftext|>"
_INDEX = "model.safetensors.index.json"
# With as many tokens or more, CTranslate2 and faster-whisper take a model for one
# of all languages.
_MULTILINGUAL = 51865
_FLOATS = ("F16", "F32", "F64")
_BFLOAT16 = "BF16"
# Names in config.json of what the weights say as well.
_MEASURES = {
    "vocab_size": "vocabulary",
    "num_mel_bins": "mels",
    "d_model": "d_model",
    "encoder_layers": "encoder_layers",
    "decoder_layers": "decoder_layers",
    "encoder_attention_heads": "heads",
    "decoder_attention_heads": "heads",
    "encoder_ffn_dim": "encoder_ffn",
    "decoder_ffn_dim": "decoder_ffn",
    "max_source_positions": "audio_positions",
    "max_target_positions": "text_positions",
}
# What CTranslate2 and transformers do for Whisper, whatever a file says.
_FIXED = {
    "activation_function": "gelu",
    "scale_embedding": False,
    "tie_word_embeddings": True,
}


def is_huggingface(folder: Path) -> bool:
    """Whether the folder holds a Whisper model for `transformers`."""
    try:
        config = read_object(folder / "config.json")
    except EngineError:
        return False
    return config.get("model_type") == "whisper"


def to_huggingface(source: Path, target: Path, card: str) -> None:
    """Write the model of a CTranslate2 folder for `transformers`.

    `card` is the text of its README.md. Raises `EngineError` (BadModel) for a
    source that is damaged.
    """
    state = weights.read(source)
    shape = weights.shape_of(state)
    tokens = vocabulary.read(source, shape.vocabulary)
    settings = read_object(source / "config.json")
    target.mkdir(parents=True, exist_ok=True)
    arrays = {name: np.ascontiguousarray(array) for name, array in state.items()}
    save_file(arrays, target / _WEIGHTS, {"format": "pt"})
    shutil.copyfile(source / "tokenizer.json", target / "tokenizer.json")
    (target / "README.md").write_text(card, "utf-8")
    (target / "merges.txt").write_text(
        "#version: 0.2\n" + "\n".join(tokens.merges) + "\n", "utf-8"
    )
    for name, content in {
        "config.json": _config(shape, tokens),
        "generation_config.json": _generation(settings, shape, tokens),
        "preprocessor_config.json": _features(shape),
        "tokenizer_config.json": _tokenizer(tokens),
        "special_tokens_map.json": _ends(),
        "vocab.json": tokens.words,
        "added_tokens.json": tokens.added,
    }.items():
        json_file.write(target / name, content)


def to_ctranslate2(source: Path, target: Path) -> None:
    """Write the model of a Hugging Face folder for CTranslate2, in float16.

    Raises `EngineError` (BadModel) when it is no Whisper, or damaged.
    """
    config = read_object(source / "config.json")
    if config.get("model_type") != "whisper":
        bad(f"its config.json says that it is {config.get('model_type')!r}")
    state = weights.checked(_state(source))
    shape = weights.shape_of(state)
    _check(config, shape)
    tokens = vocabulary.read(source, shape.vocabulary)
    target.mkdir(parents=True, exist_ok=True)
    weights.write_file(state, target / model_file.FILE)
    vocabulary.write_tokenizer(source, target)
    json_file.write(target / "vocabulary.json", tokens.tokens(shape.vocabulary))
    json_file.write(target / "preprocessor_config.json", _features(shape))
    json_file.write(target / "config.json", _settings(source, config, shape, tokens))


def _config(shape: Shape, tokens: Vocabulary) -> dict[str, Any]:
    measures = {name: getattr(shape, field) for name, field in _MEASURES.items()}
    return {
        "architectures": ["WhisperForConditionalGeneration"],
        "model_type": "whisper",
        "is_encoder_decoder": True,
        # The weights are stored as float16, which few processors compute in.
        "dtype": "float32",
        **_ids(tokens),
        **_FIXED,
        **measures,
    }


def _ids(tokens: Vocabulary) -> dict[str, int]:
    end = tokens.id(_END)
    return {
        "bos_token_id": end,
        "eos_token_id": end,
        "pad_token_id": end,
        "decoder_start_token_id": tokens.id("<|startoftranscript|>"),
    }


def _generation(
    settings: dict[str, Any], shape: Shape, tokens: Vocabulary
) -> dict[str, Any]:
    content: dict[str, Any] = {
        **_ids(tokens),
        "alignment_heads": _heads(settings.get("alignment_heads"), shape),
        "begin_suppress_tokens": _numbers(settings.get("suppress_ids_begin"), shape),
        "suppress_tokens": _numbers(settings.get("suppress_ids"), shape),
        "is_multilingual": shape.vocabulary >= _MULTILINGUAL,
        "max_initial_timestamp_index": 50,
        "max_length": shape.text_positions,
        "no_timestamps_token_id": tokens.id("<|notimestamps|>"),
        "prev_sot_token_id": tokens.id("<|startofprev|>"),
        "return_timestamps": False,
    }
    if content["is_multilingual"]:
        content["lang_to_id"] = tokens.languages()
        tasks = ("transcribe", "translate")
        content["task_to_id"] = {task: tokens.id(f"<|{task}|>") for task in tasks}
    return content


def _features(shape: Shape) -> dict[str, Any]:
    """How Whisper makes a spectrogram of sound."""
    return {
        "feature_extractor_type": "WhisperFeatureExtractor",
        "processor_class": "WhisperProcessor",
        "feature_size": shape.mels,
        "sampling_rate": 16000,  # Hz
        "chunk_length": 30,  # seconds
        "hop_length": 160,  # samples
        "n_fft": 400,  # samples
        "n_samples": 480000,
        "nb_max_frames": 3000,
        "padding_side": "right",
        "padding_value": 0.0,
        "return_attention_mask": False,
    }


def _ends() -> dict[str, str]:
    return dict.fromkeys(("bos_token", "eos_token", "pad_token", "unk_token"), _END)


def _tokenizer(tokens: Vocabulary) -> dict[str, Any]:
    special = tokens.special()
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {
        **_ends(),
        "tokenizer_class": "WhisperTokenizer",
        "processor_class": "WhisperProcessor",
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
        "errors": "replace",
        "model_max_length": 1024,
        "additional_special_tokens": list(special),
        "added_tokens_decoder": {
            str(number): {"content": token, **flags, "special": token in special}
            for token, number in tokens.added.items()
        },
    }


def _check(config: dict[str, Any], shape: Shape) -> None:
    """Compare config.json with the weights it is about."""
    expected = {name: getattr(shape, field) for name, field in _MEASURES.items()}
    for name, value in (expected | _FIXED).items():
        if config.get(name, value) != value:
            bad(f"{name} is {config[name]!r} in its config.json and not {value!r}")


def _settings(
    source: Path, config: dict[str, Any], shape: Shape, tokens: Vocabulary
) -> dict[str, Any]:
    """The config.json of CTranslate2."""
    path = source / "generation_config.json"
    # Older models have all in config.json.
    told = {**config, **(read_object(path) if path.is_file() else {})}
    languages = told.get("lang_to_id")
    if not isinstance(languages, dict):
        languages = tokens.languages()
    return {
        "alignment_heads": _heads(told.get("alignment_heads"), shape),
        "lang_ids": sorted(_numbers(list(languages.values()), shape)),
        "suppress_ids": _numbers(told.get("suppress_tokens"), shape),
        "suppress_ids_begin": _numbers(told.get("begin_suppress_tokens"), shape),
    }


def _numbers(value: object, shape: Shape) -> list[int]:
    """Numbers of tokens; none where nothing is said."""
    numbers = [] if value is None else value
    if not isinstance(numbers, list) or not all(
        type(number) is int and 0 <= number < shape.vocabulary for number in numbers
    ):
        bad("its configuration has numbers of tokens that it has not")
    return numbers


def _heads(value: object, shape: Shape) -> list[list[int]]:
    """Which heads (layer, head) follow the sound; half of all where none are told."""
    if value is None:
        layers = range(shape.decoder_layers // 2, shape.decoder_layers)
        return [[layer, head] for layer in layers for head in range(shape.heads)]
    layers = range(shape.decoder_layers)
    allowed = [[layer, head] for layer in layers for head in range(shape.heads)]
    if not isinstance(value, list) or not all(pair in allowed for pair in value):
        bad("its alignment heads are none of its heads")
    return [allowed[allowed.index(pair)] for pair in value]


def _state(folder: Path) -> State:
    """All arrays of its weights, in one file or in more."""
    state: State = {}
    for path in _files(folder):
        try:
            for name, array in _arrays(path):
                state[name] = weights.half(array, name)
        except (SafetensorError, OSError, ValueError, KeyError):
            bad(f"its {path.name} is missing or damaged")
    return state


def _files(folder: Path) -> list[Path]:
    if (folder / _WEIGHTS).is_file():
        return [folder / _WEIGHTS]
    if (folder / _INDEX).is_file():
        places = read_object(folder / _INDEX).get("weight_map")
        names = set(places.values()) if isinstance(places, dict) else set()
        if not names or not all(_is_plain(name) for name in names):
            bad(f"its {_INDEX} names no files")
        return [folder / name for name in sorted(names)]
    if any(folder.glob("*.bin")):
        bad(
            "its weights are a pickle, which may run any code. Save it again with "
            "save_pretrained of a recent transformers, which writes model.safetensors"
        )
    bad(f"it has no {_WEIGHTS}")


def _is_plain(name: object) -> bool:
    return isinstance(name, str) and bool(re.fullmatch(r"[\w.-]+\.safetensors", name))


def _arrays(path: Path) -> Iterator[tuple[str, NDArray[Any]]]:
    """The library checks the file's numbers before it takes memory for them."""
    with safe_open(path, framework="numpy") as file:
        for name in file.keys():  # noqa: SIM118, it is no dict
            kind = file.get_slice(name).get_dtype()
            if kind == _BFLOAT16:
                yield name, _bfloat16(path, name)
            elif kind in _FLOATS:
                yield name, file.get_tensor(name)
            else:
                bad(f"{name} is of the type {kind}")


def _bfloat16(path: Path, name: str) -> NDArray[Any]:
    """An array that numpy has no type for; the file was checked when it was opened."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        entry = json.loads(file.read(length))[name]
        begin, end = entry["data_offsets"]
        file.seek(8 + length + begin)
        bits = np.frombuffer(file.read(end - begin), "<u2")
    return model_file.widened(bits).reshape(entry["shape"])
