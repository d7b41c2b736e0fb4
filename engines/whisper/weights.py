"""The weights of a Whisper model under the names of Hugging Face, and back.

The names are those of the state dict of `WhisperForConditionalGeneration`. The
output layer is the table of token embeddings once more, and is left out.
CTranslate2 joins the projections of an attention that see the same input.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.whisper import model_file
from engines.whisper.model_file import bad

State = dict[str, NDArray[Any]]

_HEAD = 64  # the width of an attention head, in every Whisper
# What of a model's folder is not weights.
_BESIDE = ("config.json", "tokenizer.json", "preprocessor_config.json", "vocabulary.*")
# The same in every Whisper: GELU is 3, no layer is singled out for alignment.
_CONSTANTS: Mapping[str, NDArray[Any]] = {
    "decoder/activation": np.array(3, "<i1"),
    "decoder/alibi": np.array(0, "<i1"),
    "decoder/alignment_heads": np.array(1, "<i2"),
    "decoder/alignment_layer": np.array(-1, "<i2"),
    "decoder/pre_norm": np.array(1, "<i1"),
    "decoder/scale_embeddings": np.array(0, "<i1"),
    "decoder/start_from_zero_embedding": np.array(0, "<i1"),
}
_TABLE = "decoder/embeddings/weight"
_OUTPUT = "decoder/projection/weight"
_STATE_TABLE = "model.decoder.embed_tokens.weight"
_STATE_OUTPUT = "proj_out.weight"


@dataclass(frozen=True)
class Shape:
    """The measures of a network, from its weights."""

    d_model: int
    heads: int
    encoder_layers: int
    decoder_layers: int
    encoder_ffn: int
    decoder_ffn: int
    vocabulary: int  # tokens
    mels: int  # bands of the spectrogram
    audio_positions: int  # of 20 ms each
    text_positions: int  # tokens


@dataclass(frozen=True)
class _Part:
    """A layer in the file, and the modules of the network that it joins."""

    scope: str
    modules: tuple[str, ...]
    size: tuple[int, ...]  # of the weight of one module
    # What the file calls weight and bias; tables have no bias.
    variables: tuple[str, ...] = ("weight", "bias")

    def sizes(self) -> Iterator[tuple[str, str, tuple[int, ...]]]:
        """Weight and bias: the name in the file, in a module, and a module's size."""
        yield f"{self.scope}/{self.variables[0]}", "weight", self.size
        for name in self.variables[1:]:
            yield f"{self.scope}/{name}", "bias", self.size[:1]


def _is_missing(module: str, kind: str) -> bool:
    """Keys have no bias: it would add the same to all scores of a query."""
    return kind == "bias" and module.endswith("k_proj")


@dataclass(frozen=True)
class _Names:
    """Where the measures can be taken; of file and state the same arrays."""

    tokens: str
    sound: str
    positions: str
    ffn: str


_IN_FILE = _Names(
    _TABLE,
    "encoder/conv1/weight",
    "{side}/position_encodings/encodings",
    "{side}/layer_{number}/ffn/linear_0/weight",
)
_IN_STATE = _Names(
    _STATE_TABLE,
    "model.encoder.conv1.weight",
    "model.{side}.embed_positions.weight",
    "model.{side}.layers.{number}.fc1.weight",
)


def read(folder: Path) -> State:
    """The weights as they are stored; integers become float32 by their scales.

    Raises `EngineError` (BadModel) for a file that is damaged or no Whisper.
    """
    variables = model_file.load(folder / model_file.FILE)
    shape = _measure(variables, _IN_FILE)
    state: State = {}
    names = {_OUTPUT}
    for part in _parts(shape):
        for name, kind, size in part.sizes():
            names.add(name)
            array = _floats(variables, name)
            if array.shape != (size[0] * len(part.modules), *size[1:]):
                bad(f"{name} is {array.shape}")
            pieces = np.split(array, len(part.modules))
            for module, piece in zip(part.modules, pieces, strict=True):
                if not _is_missing(module, kind):
                    state[f"{module}.{kind}"] = piece
    _check_rest(variables, names, shape)
    return checked(state)


def shape_of(state: Mapping[str, NDArray[Any]]) -> Shape:
    """Measure the network. Raises `EngineError` where it cannot be told."""
    return _measure(state, _IN_STATE)


def checked(state: Mapping[str, NDArray[Any]]) -> State:
    """The state if it is a whole Whisper, without the output layer.

    Raises `EngineError` (BadModel) for weights that are missing, too many, of the
    wrong shape, or no numbers.
    """
    state = dict(state)
    output = state.pop(_STATE_OUTPUT, None)
    expected = _expected(shape_of(state))
    if output is not None and not np.array_equal(output, state[_STATE_TABLE]):
        bad("its output layer is not its table of tokens")
    for name in sorted(expected.keys() ^ state.keys()):
        bad(f"{name} is missing" if name in expected else f"Whisper has no {name}")
    for name, array in state.items():
        if array.shape != expected[name]:
            bad(f"{name} is {array.shape} and not {expected[name]}")
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            bad(f"{name} holds values that are no numbers")
    return state


def write(state: Mapping[str, NDArray[Any]], like: Path, target: Path) -> None:
    """Write a model's folder in float16, everything but the weights as in `like`.

    Raises `EngineError` (BadModel) for a state that is no whole Whisper.
    """
    target.mkdir(parents=True, exist_ok=True)
    write_file(state, target / model_file.FILE)
    for pattern in _BESIDE:
        for path in like.glob(pattern):
            shutil.copyfile(path, target / path.name)


def write_file(state: Mapping[str, NDArray[Any]], path: Path) -> None:
    """Write the weights alone, in float16. Raises as `write` does."""
    state = checked(state)
    shape = shape_of(state)
    variables = dict(_CONSTANTS)
    for side in ("decoder", "encoder"):
        variables[f"{side}/num_heads"] = np.array(shape.heads, "<i2")
    for part in _parts(shape):
        for name, kind, size in part.sizes():
            pieces = [
                np.zeros(size, "<f2")
                if _is_missing(module, kind)
                else half(state[f"{module}.{kind}"], f"{module}.{kind}")
                for module in part.modules
            ]
            variables[name] = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
    model_file.save(path, variables, {_OUTPUT: _TABLE})


def half(array: NDArray[Any], name: str) -> NDArray[Any]:
    """As float16. Raises `EngineError` for values that do not fit."""
    with np.errstate(over="ignore"):
        narrow: NDArray[Any] = array.astype("<f2", copy=False)
    if not np.isfinite(narrow).all():
        bad(f"{name} holds values that are too large for float16, or no numbers")
    return narrow


def _floats(variables: Mapping[str, NDArray[Any]], name: str) -> NDArray[Any]:
    """A variable; of integers, what they stand for.

    One scale for all (int16) or for each row (int8), by which the values were
    multiplied.
    """
    if name not in variables:
        bad(f"{name} is missing")
    array = variables[name]
    if array.dtype.kind == "f":
        return array
    scale = variables.get(f"{name}_scale")
    if scale is None or scale.dtype.kind != "f" or not array.ndim:
        bad(f"{name} has no scale")
    if scale.size not in (1, len(array)) or not np.all(scale > 0):
        bad(f"the scale of {name} does not fit it")
    rows = scale.astype("<f4").reshape(-1, *[1] * (array.ndim - 1))
    # What overflows by that is found with everything else that is no number.
    with np.errstate(over="ignore"):
        floats: NDArray[Any] = array.astype("<f4") / rows
    return floats


def _check_rest(
    variables: Mapping[str, NDArray[Any]], names: Collection[str], shape: Shape
) -> None:
    """Look at what of a file is not in the state."""
    for name, array in variables.items():
        if array.ndim and name.removesuffix("_scale") not in names:
            bad(f"Whisper has no {name}")
        if name.endswith("/num_heads") and array.tolist() != shape.heads:
            bad(f"{name} is {array.tolist()} and not {shape.heads}")
    table = variables[_TABLE]
    output = variables.get(_OUTPUT, table)
    if output is not table and not np.array_equal(output, table):
        bad("its output layer is not its table of tokens")


def _parts(shape: Shape) -> Iterator[_Part]:
    """All layers with weights."""
    d = shape.d_model
    yield _Part("encoder/conv1", ("model.encoder.conv1",), (d, shape.mels, 3))
    yield _Part("encoder/conv2", ("model.encoder.conv2",), (d, d, 3))
    table = (shape.vocabulary, d)
    yield _Part(
        "decoder/embeddings", ("model.decoder.embed_tokens",), table, ("weight",)
    )
    yield from _side("encoder", shape.encoder_layers, shape.audio_positions, d)
    yield from _side("decoder", shape.decoder_layers, shape.text_positions, d)
    for side, layers, ffn in (
        ("encoder", shape.encoder_layers, shape.encoder_ffn),
        ("decoder", shape.decoder_layers, shape.decoder_ffn),
    ):
        for number in range(layers):
            scope = f"{side}/layer_{number}/ffn"
            module = f"model.{side}.layers.{number}"
            yield _norm(scope, f"{module}.final_layer_norm", d)
            yield _Part(f"{scope}/linear_0", (f"{module}.fc1",), (ffn, d))
            yield _Part(f"{scope}/linear_1", (f"{module}.fc2",), (d, ffn))


def _side(side: str, layers: int, positions: int, d: int) -> Iterator[_Part]:
    """Encoder or decoder without the feed-forward layers."""
    yield _Part(
        f"{side}/position_encodings",
        (f"model.{side}.embed_positions",),
        (positions, d),
        ("encodings",),
    )
    yield _norm(side, f"model.{side}.layer_norm", d)
    for number in range(layers):
        scope = f"{side}/layer_{number}"
        module = f"model.{side}.layers.{number}"
        yield from _attention(
            f"{scope}/self_attention", f"{module}.self_attn", d, ("q k v", "out")
        )
        if side == "decoder":
            yield from _attention(
                f"{scope}/attention", f"{module}.encoder_attn", d, ("q", "k v", "out")
            )


def _attention(
    scope: str, module: str, d: int, groups: tuple[str, ...]
) -> Iterator[_Part]:
    yield _norm(scope, f"{module}_layer_norm", d)
    for number, group in enumerate(groups):
        modules = tuple(f"{module}.{name}_proj" for name in group.split())
        yield _Part(f"{scope}/linear_{number}", modules, (d, d))


def _norm(scope: str, module: str, d: int) -> _Part:
    return _Part(f"{scope}/layer_norm", (module,), (d,), ("gamma", "beta"))


def _measure(arrays: Mapping[str, NDArray[Any]], names: _Names) -> Shape:
    def size(name: str, rank: int) -> tuple[int, ...]:
        if name not in arrays:
            bad(f"{name} is missing")
        if arrays[name].ndim != rank or not arrays[name].size:
            bad(f"{name} is {arrays[name].shape}")
        return arrays[name].shape

    def layers(side: str) -> int:
        count = 0
        while names.ffn.format(side=side, number=count) in arrays:
            count += 1
        return count

    vocabulary, d_model = size(names.tokens, 2)
    if d_model % _HEAD:
        bad(f"it is {d_model} wide, which is no multiple of {_HEAD}")
    return Shape(
        d_model=d_model,
        heads=d_model // _HEAD,
        encoder_layers=layers("encoder"),
        decoder_layers=layers("decoder"),
        encoder_ffn=size(names.ffn.format(side="encoder", number=0), 2)[0],
        decoder_ffn=size(names.ffn.format(side="decoder", number=0), 2)[0],
        vocabulary=vocabulary,
        mels=size(names.sound, 3)[1],
        audio_positions=size(names.positions.format(side="encoder"), 2)[0],
        text_positions=size(names.positions.format(side="decoder"), 2)[0],
    )


def _expected(shape: Shape) -> dict[str, tuple[int, ...]]:
    """The size of every array of a state."""
    return {
        f"{module}.{kind}": size
        for part in _parts(shape)
        for _, kind, size in part.sizes()
        for module in part.modules
        if not _is_missing(module, kind)
    }
