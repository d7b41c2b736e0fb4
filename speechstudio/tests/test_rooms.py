"""The house rules that a program can check."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

# A room may import only rooms to its left.
ROOMS = [
    "jobs",
    "scoring",
    "engines",
    "cli",
    "resources",
    "projects",
    "datasets",
    "training",
    "editor",
    "evaluations",
    "endpoints",
    "transcriptions",
    "remote",
    "api",
    "recognition",
    "speechstudio",
]
# Pure files know nothing of Django.
PURE = [
    "datasets/doctor.py",
    "datasets/formats",
    "datasets/language.py",
    "datasets/seen.py",
    "datasets/similar.py",
    "datasets/statistics.py",
    "datasets/text_doctor.py",
    "datasets/waveform.py",
    "datasets/words.py",
    "editor/clips.py",
    "editor/cutting.py",
    "editor/pieces.py",
    "cli",
    "engines/azure",
    "engines/base.py",
    "engines/display",
    "engines/whisper",
    "scoring",
    "transcriptions/phrases.py",
    "transcriptions/results.py",
    "transcriptions/sound.py",
    "transcriptions/wording.py",
]


def sources(room: str) -> Iterator[Path]:
    for path in (settings.BASE_DIR / room).rglob("*.py"):
        if "tests" not in path.parts and "migrations" not in path.parts:
            yield path


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("room", ROOMS)
def test_imports_only_point_left(room: str) -> None:
    right = set(ROOMS[ROOMS.index(room) + 1 :])
    wrong = [
        f"{path}: {name}"
        for path in sources(room)
        for name in imported(path)
        if name.split(".")[0] in right
    ]
    assert not wrong


@pytest.mark.parametrize("name", PURE)
def test_pure_files_do_not_import_django(name: str) -> None:
    path = settings.BASE_DIR / name
    files = sources(name) if path.is_dir() else [path]
    wrong = [
        str(file)
        for file in files
        for module in imported(file)
        if module.split(".")[0] in ("django", "celery")
    ]
    assert not wrong


def test_functions_and_files_stay_short() -> None:
    long = []
    for room in ROOMS:
        for path in sources(room):
            text = path.read_text()
            if text.count("\n") > 400:
                long.append(f"{path}: file")
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    lines = (node.end_lineno or 0) - node.lineno + 1
                    if lines > 40:
                        long.append(f"{path}: {node.name}: {lines} lines")
    assert not long


def test_nothing_comes_from_another_server() -> None:
    folders = [settings.BASE_DIR / "templates", settings.BASE_DIR / "static"]
    wrong = [
        str(file)
        for folder in folders
        for file in folder.rglob("*")
        if file.suffix in (".html", ".css", ".js")
        and any(w in file.read_text() for w in ("//cdn", 'src="http', "@import"))
    ]
    assert not wrong


def test_pages_hold_no_inline_script_or_style() -> None:
    # The content security policy would refuse them, silently for most people.
    inline = (" style=", " onclick=", "<style", "hx-on")
    wrong = [
        str(file)
        for file in (settings.BASE_DIR / "templates").rglob("*.html")
        if any(w in file.read_text() for w in inline)
    ]
    assert not wrong
