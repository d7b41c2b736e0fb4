"""Whisper as a network of torch: built from weights, asked, and given back.

Like all files that import torch it is not imported before a training on audio
begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from transformers import WhisperConfig, WhisperForConditionalGeneration

from engines.whisper import weights
from engines.whisper.sound import Samples

FRAMES = 3000  # of 10 ms: the 30 seconds that the encoder reads
Learnt = dict[str, Tensor]
# The tables of tokens and positions stay as they are.
_FIXED = ("embed_positions", "embed_tokens", "proj_out")
IGNORED = -100  # a token that no loss is asked for
# A decoder that repeats itself is stopped when it says this much more than was said.
_LONGEST = 1.5


def build(folder: Path, device: torch.device) -> WhisperForConditionalGeneration:
    """The network of a CTranslate2 folder, in float32. Raises `EngineError`."""
    state = weights.read(folder)
    shape = weights.shape_of(state)
    config = WhisperConfig(
        vocab_size=shape.vocabulary,
        d_model=shape.d_model,
        num_mel_bins=shape.mels,
        encoder_layers=shape.encoder_layers,
        decoder_layers=shape.decoder_layers,
        encoder_attention_heads=shape.heads,
        decoder_attention_heads=shape.heads,
        encoder_ffn_dim=shape.encoder_ffn,
        decoder_ffn_dim=shape.decoder_ffn,
        max_source_positions=shape.audio_positions,
        max_target_positions=shape.text_positions,
        dropout=0.0,
        attention_dropout=0.0,
        activation_dropout=0.0,
        pad_token_id=None,
    )
    network = WhisperForConditionalGeneration(config)
    tensors = {
        name: torch.from_numpy(np.array(array, np.float32))
        for name, array in state.items()
    }
    # The output layer is the table of tokens.
    network.load_state_dict(tensors, strict=False)
    network.tie_weights()
    torch.nn.Module.to(network, device)
    return network


def state_of(network: WhisperForConditionalGeneration) -> weights.State:
    """The weights, for `weights.write`."""
    return {
        name: tensor.detach().cpu().numpy()
        for name, tensor in network.state_dict().items()
        if name != "proj_out.weight"
    }


def learnt(network: WhisperForConditionalGeneration) -> Learnt:
    """A copy of the weights that a training changes, on the processor."""
    return {
        name: weight.detach().cpu().clone()
        for name, weight in network.named_parameters()
        if learns(name)
    }


def learns(name: str) -> bool:
    """Whether a training changes the weight of this name."""
    return not any(part in name for part in _FIXED)


@torch.no_grad()
def restore(network: WhisperForConditionalGeneration, weights: Learnt) -> None:
    for name, weight in network.named_parameters():
        if name in weights:
            weight.copy_(weights[name])


def between(base: Learnt, trained: Learnt, share: float) -> Learnt:
    """The weights at this share of the way from the base to the trained ones."""
    return {name: base[name].lerp(trained[name], share) for name in trained}


def encode(network: WhisperForConditionalGeneration, mels: Tensor) -> Tensor:
    """What the encoder makes of spectrograms: (windows, positions, width)."""
    heard: Tensor = network.model.encoder(mels).last_hidden_state
    return heard


def losses(
    network: WhisperForConditionalGeneration,
    heard: Tensor,
    tokens: Tensor,
    wanted: Tensor,
) -> Tensor:
    """Cross-entropy of each wanted token, in nats; shape of `wanted`, 0 where
    it is `IGNORED`. Only where a token is wanted the vocabulary is asked."""
    states = network.model.decoder(
        input_ids=tokens, encoder_hidden_states=heard, use_cache=False
    ).last_hidden_state
    asked = wanted != IGNORED
    scores = network.proj_out(states[asked])
    found = torch.nn.functional.cross_entropy(scores, wanted[asked], reduction="none")
    return torch.zeros(wanted.shape, device=found.device).masked_scatter(asked, found)


@torch.no_grad()
def say(
    network: WhisperForConditionalGeneration,
    heard: Tensor,
    start: Sequence[int],
    end: int,
    lengths: Sequence[int],
) -> list[list[int]]:
    """The likeliest token after the other, for each window, until its end.

    `lengths` says how many tokens were said in each; much more is cut off.
    """
    limit = int(max(lengths) * _LONGEST) + 8
    tokens = torch.tensor([list(start)] * len(heard), device=heard.device)
    said = tokens
    past = None
    for _ in range(limit):
        out = network.model.decoder(
            input_ids=tokens,
            encoder_hidden_states=heard,
            past_key_values=past,
            use_cache=True,
        )
        past = out.past_key_values
        tokens = network.proj_out(out.last_hidden_state[:, -1]).argmax(-1, keepdim=True)
        said = torch.cat([said, tokens], dim=1)
        if bool((said == end).any(dim=1).all()):
            break
    return [_until(row, end) for row in said[:, len(start) :].tolist()]


def teaching(
    texts: Sequence[Sequence[int]],
    start: Sequence[int],
    end: int,
    device: torch.device,
) -> tuple[Tensor, Tensor]:
    """The tokens given and the tokens wanted of texts, with start and end."""
    longest = max(map(len, texts)) + len(start)
    tokens = torch.full((len(texts), longest), end)
    wanted = torch.full((len(texts), longest), IGNORED)
    for row, text in enumerate(texts):
        line = torch.tensor([*start, *text, end])
        tokens[row, : len(line) - 1] = line[:-1]
        wanted[row, len(start) - 1 : len(line) - 1] = line[len(start) :]
    return tokens.to(device), wanted.to(device)


def sounds(mels: Sequence[Samples], device: torch.device) -> Tensor:
    """Spectrograms as the encoder takes them: (windows, mels, frames)."""
    return torch.from_numpy(np.stack([padded(each) for each in mels])).to(device)


def padded(mels: Samples) -> Samples:
    """A log-mel spectrogram with silence up to 30 seconds, as Whisper pads sound.

    Its floor is 8 below its loudest value in log10, which its scale makes 2.
    """
    whole = np.full((mels.shape[0], FRAMES), mels.max() - 2, np.float32)
    frames = min(FRAMES, mels.shape[1])
    whole[:, :frames] = mels[:, :frames]
    return whole


def _until(tokens: list[int], end: int) -> list[int]:
    return tokens[: tokens.index(end)] if end in tokens else tokens
