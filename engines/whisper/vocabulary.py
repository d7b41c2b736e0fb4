"""The tokens of a Whisper model and their numbers, from its tokenizer's files.

`tokenizer.json` is what the library `tokenizers` writes. A model that was saved by
the older, slower tokenizer of `transformers` has the same in `vocab.json`,
`merges.txt` and `added_tokens.json`.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines.whisper import json_file
from engines.whisper.json_file import read_object
from engines.whisper.model_file import bad

# <|0.00|> to <|30.00|>; older tokenizers do not list them.
_TIMES = [f"<|{step * 0.02:.2f}|>" for step in range(1501)]
_TIME = re.compile(r"<\|\d+\.\d\d\|>")
_FILE = "tokenizer.json"


@dataclass(frozen=True)
class Vocabulary:
    """Tokens in the order of their numbers, without times that are not listed."""

    words: dict[str, int]  # what text is made of
    added: dict[str, int]  # languages, tasks and the like
    merges: tuple[str, ...]  # pairs, with a space between

    def id(self, token: str) -> int:
        """Its number. Raises `EngineError` when there is no such token."""
        number = self.added.get(token, self.words.get(token))
        if number is None:
            bad(f"its tokenizer has no {token}")
        return number

    def languages(self) -> dict[str, int]:
        """`<|en|>` and so on, which stand between the start and the tasks."""
        first, end = self.id("<|startoftranscript|>"), self.id("<|translate|>")
        return {
            token: number
            for token, number in self.added.items()
            if first < number < end
        }

    def special(self) -> dict[str, int]:
        """All that is no text and no time."""
        return {t: number for t, number in self.added.items() if not _TIME.match(t)}

    def tokens(self, size: int) -> list[str]:
        """All of them, times included; `size` is what the weights have.

        Raises `EngineError` when they are not that many.
        """
        numbers = {number: token for token, number in (self.words | self.added).items()}
        if sorted(numbers) != list(range(len(numbers))):
            bad("the numbers of its tokens have gaps")
        tokens = [numbers[number] for number in range(len(numbers))]
        if len(tokens) + len(_TIMES) == size:
            tokens += _TIMES
        if len(tokens) != size:
            bad(f"its tokenizer has {len(tokens)} tokens, its weights have {size}")
        return tokens


def read(folder: Path, size: int) -> Vocabulary:
    """The vocabulary of a model of either kind.

    Raises `EngineError` when it cannot be read or is not as large as `size`.
    """
    definition = _definition(folder)
    model = definition.get("model")
    words = model.get("vocab") if isinstance(model, dict) else None
    merges = model.get("merges") if isinstance(model, dict) else None
    added = definition.get("added_tokens")
    if not isinstance(merges, list) or not isinstance(added, list):
        bad(f"its {_FILE} has no merges or no added tokens")
    vocabulary = Vocabulary(
        _numbered(words), _numbered(_contents(added)), tuple(map(_merge, merges))
    )
    try:
        "".join([*vocabulary.words, *vocabulary.added, *vocabulary.merges]).encode()
    except UnicodeEncodeError:
        bad("a token of its tokenizer is no text")
    vocabulary.tokens(size)
    return vocabulary


def write_tokenizer(source: Path, target: Path) -> None:
    """Give `target` the `tokenizer.json` of `source`. Raises as `read` does."""
    if (source / _FILE).is_file():
        shutil.copyfile(source / _FILE, target / _FILE)
    else:
        json_file.write(target / _FILE, _definition(source))


def _definition(folder: Path) -> dict[str, Any]:
    """What `tokenizer.json` says, or would say."""
    if (folder / _FILE).is_file() or not (folder / "vocab.json").is_file():
        return read_object(folder / _FILE)
    words = _numbered(read_object(folder / "vocab.json"))
    # One token may be in both, such as the end of text.
    added = _numbered(read_object(folder / "added_tokens.json"))
    bytes_ = {"type": "ByteLevel", "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            _added(token, number)
            for token, number in sorted(added.items(), key=lambda item: item[1])
        ],
        "normalizer": None,
        "pre_tokenizer": {**bytes_, "add_prefix_space": False},
        "post_processor": None,
        "decoder": {**bytes_, "add_prefix_space": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "vocab": words,
            "merges": _merges(folder / "merges.txt"),
        },
    }


def _added(token: str, number: int) -> dict[str, Any]:
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    special = not _TIME.match(token)
    return {"id": number, "content": token, **flags, "special": special}


def _merges(path: Path) -> list[str]:
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, ValueError):
        bad(f"its {path.name} is missing or no text")
    return [line for line in lines if line and not line.startswith("#version")]


def _merge(pair: object) -> str:
    """Newer tokenizers write ["a", "b"] where older ones have "a b"."""
    if isinstance(pair, list):
        pair = " ".join(map(str, pair))
    if not isinstance(pair, str) or pair.count(" ") != 1:
        bad(f"its {_FILE} has a merge that is no pair")
    return pair


def _contents(added: list[Any]) -> dict[Any, Any]:
    if not all(isinstance(token, dict) for token in added):
        bad(f"its {_FILE} has an added token that is none")
    return {token.get("content"): token.get("id") for token in added}


def _numbered(words: object) -> dict[str, int]:
    if not isinstance(words, dict) or not all(
        isinstance(token, str) and type(number) is int
        for token, number in words.items()
    ):
        bad("its tokenizer gives tokens no numbers")
    return words
