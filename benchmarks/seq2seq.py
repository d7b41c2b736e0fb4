"""Hugging Face's own trainer for Whisper, to compare ours with.

It is used as its guides say: all layers learn by AdamW, from one clip in each window
of 30 seconds. Imported only by the process that trains: it loads torch, and the
trainer needs the package accelerate.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from faster_whisper import decode_audio
from transformers import (
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    TrainerCallback,
    WhisperForConditionalGeneration,
    WhisperProcessor,
    trainer,
)

from engines.base import Lesson
from engines.whisper import network, weights
from engines.whisper.sound import RATE_HZ

BATCH = 8
# For Whisper tiny: a fortieth of the rate that it was first trained at.
RATE = 3.75e-5
_WARM_UP = 0.1  # share of all steps

# It takes our room `datasets` for Hugging Face's package of that name.
trainer.is_datasets_available = lambda: False  # type: ignore[attr-defined]


def train(
    start: Path,
    base: Path,
    target: Path,
    lessons: Sequence[Lesson],
    passes: int,
    seed: int,
    threads: int,
) -> list[float]:
    """Write the model after each pass to `target/1`, `target/2`, ... for CTranslate2.

    `start` holds the base model for `transformers`, `base` for CTranslate2. Gives
    the seconds from the call to the end of each pass, without those of writing.
    """
    keeper = _Keeper(base, target)
    torch.set_num_threads(threads)
    processor = WhisperProcessor.from_pretrained(start)
    peer = Seq2SeqTrainer(
        model=WhisperForConditionalGeneration.from_pretrained(start),
        args=Seq2SeqTrainingArguments(
            output_dir=str(target),
            num_train_epochs=passes,
            per_device_train_batch_size=BATCH,
            learning_rate=RATE,
            warmup_steps=_WARM_UP,
            seed=seed,
            save_strategy="no",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=True,
        ),
        train_dataset=[_example(processor, lesson) for lesson in lessons],
        data_collator=_collate,
        callbacks=[keeper],
    )
    peer.train()
    return keeper.seconds


class _Keeper(TrainerCallback):
    """Keeps the model of each pass, and when it was there."""

    def __init__(self, base: Path, target: Path) -> None:
        self.seconds: list[float] = []
        self._base = base
        self._target = target
        self._started = time.perf_counter()

    def on_epoch_end(
        self, args: Any, state: Any, control: Any, model: Any = None, **_: Any
    ) -> None:
        now = time.perf_counter()
        self.seconds.append(now - self._started)
        folder = self._target / str(len(self.seconds))
        weights.write(network.state_of(model), self._base, folder)
        self._started += time.perf_counter() - now


def _example(processor: Any, lesson: Lesson) -> dict[str, Any]:
    samples = decode_audio(str(lesson.clip.path), sampling_rate=RATE_HZ)
    heard = processor.feature_extractor(samples, sampling_rate=RATE_HZ)
    return {
        "input_features": heard.input_features[0],
        "labels": processor.tokenizer(lesson.text).input_ids,
    }


def _collate(examples: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
    # The network puts the first token there itself.
    lines = [torch.tensor(example["labels"][1:]) for example in examples]
    return {
        "input_features": torch.from_numpy(
            np.stack([example["input_features"] for example in examples])
        ),
        "labels": torch.nn.utils.rnn.pad_sequence(
            lines, batch_first=True, padding_value=network.IGNORED
        ),
    }
