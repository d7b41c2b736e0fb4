"""How well a network hears: held-out clips, and whether transcripts belong to clips."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from transformers import WhisperForConditionalGeneration

from engines.base import EngineError
from engines.whisper import network
from engines.whisper.lessons import Example, Reader
from scoring.errors import ErrorCounts, counts

_TRIED = 24  # clips whose transcripts are tried on others
_ENOUGH = 6  # of them to judge by
_BELONG = 0.7  # share of the clips that must know their own transcript


@torch.no_grad()
def look(
    net: WhisperForConditionalGeneration, reader: Reader, clips: Sequence[Example]
) -> tuple[float, ErrorCounts]:
    """Loss in nats per token and word errors, each clip alone, as it will be heard."""
    net.train(mode=False)
    nats = 0.0
    asked = 0
    errors = ErrorCounts()
    for clip in clips:
        sound = network.encode(net, reader.sounds([reader.window([clip])]))
        tokens, wanted = reader.tokens([clip.tokens])
        nats += float(network.losses(net, sound, tokens, wanted).sum())
        asked += len(clip.tokens) + 1
        said = network.say(net, sound, reader.start, reader.end, [len(clip.tokens)])[0]
        errors += counts(clip.text, reader.decode(said), reader.locale)
    return nats / max(1, asked), errors


def check_transcripts(
    net: WhisperForConditionalGeneration,
    reader: Reader,
    examples: Sequence[Example],
    seed: int,
) -> None:
    """Raise `EngineError` when the transcripts are of other clips.

    To the base model, what is said in a clip is likelier than what is said in
    another one, even where it would not have heard it right.
    """
    order = np.random.default_rng(seed).permutation(len(examples))[:_TRIED]
    tried = [examples[int(n)] for n in order]
    if len(tried) < _ENOUGH or len({e.text for e in tried}) < len(tried) / 2:
        return
    net.train(mode=False)
    right = sum(
        _is_likelier(net, reader, example, _other(tried, number))
        for number, example in enumerate(tried)
    )
    if right < _BELONG * len(tried):
        raise EngineError(
            "The transcripts do not seem to belong to the recordings: of "
            f"{len(tried)} clips that were tried, only {right} sound more like their "
            "own transcript than like another one. Check the order of the lines in "
            "the transcript file.",
            "TranscriptsDoNotMatch",
        )


def _other(examples: Sequence[Example], number: int) -> Example:
    """The next example in which something else is said."""
    own = examples[number]
    following = [*examples[number + 1 :], *examples[:number]]
    return next(example for example in following if example.text != own.text)


@torch.no_grad()
def _is_likelier(
    net: WhisperForConditionalGeneration, reader: Reader, own: Example, other: Example
) -> bool:
    """Whether a clip's own text is likelier, token by token, than another one."""
    mels, _ = reader.window([own])
    tokens, wanted = reader.tokens([own.tokens, other.tokens])
    sound = network.encode(net, network.sounds([mels], reader.device))
    found = network.losses(net, sound.expand(2, -1, -1), tokens, wanted)
    first, second = (found.sum(1) / (wanted != network.IGNORED).sum(1)).tolist()
    return bool(first < second)
