"""The small files of a model's folder, of which none is trusted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engines.whisper.model_file import bad

# A tokenizer has 4 MB.
_MOST_BYTES = 50_000_000


def read_object(path: Path) -> dict[str, Any]:
    """What a JSON file holds. Raises `EngineError` when that is no object."""
    content = None
    if not path.is_file():
        bad(f"it has no {path.name}")
    if path.stat().st_size > _MOST_BYTES:
        bad(f"its {path.name} is too large")
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        bad(f"its {path.name} is no JSON")
    if not isinstance(content, dict):
        bad(f"its {path.name} is no JSON object")
    return content


def write(path: Path, content: object) -> None:
    """Write JSON that a person can read."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
