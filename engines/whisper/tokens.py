"""How Whisper's vocabulary writes words: byte-pair tokens from `tokenizer.json`.

Only that file of 2 MB is read, not the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer

from engines.base import EngineError


def tokenizer(folder: Path) -> Tokenizer:
    """Raises `EngineError` when the file cannot be read."""
    try:
        return Tokenizer.from_file(str(folder / "tokenizer.json"))
    # The library raises nothing narrower than Exception.
    except Exception as e:
        raise EngineError(
            f"The vocabulary of the model could not be read: {e}", "BadModel"
        ) from e


def count(folder: Path, words: Sequence[str]) -> list[int]:
    """The number of tokens of each word with the space before it.

    Raises `EngineError` when the file cannot be read.
    """
    read = tokenizer(folder)
    # One by one: the threads of a batch would trouble a worker that forks.
    return [
        len(read.encode(f" {word}", add_special_tokens=False).ids) for word in words
    ]
