"""The model card that goes along with an export: what made this model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scoring.locale import language_of
from scoring.normalization import rate_name
from training.models import SpeechModel

_LICENCE = (
    "The published Whisper models are under the MIT licence. Another base model may "
    "be under other terms, and so may the data: see to both before you pass it on."
)
_LOADING = {
    "ctranslate2": (
        "Load the folder with `faster_whisper.WhisperModel`. What text, pronunciation "
        "and display rules taught the model lies in `adaptation.json` and the files "
        "that it names; this studio alone applies them."
    ),
    "huggingface": (
        "Load the folder with `WhisperForConditionalGeneration.from_pretrained` and "
        "`WhisperProcessor.from_pretrained`. It holds the network alone: what text, "
        "pronunciation and display rules taught the model is not in it."
    ),
}


def card(model: SpeechModel, form: str) -> str:
    """README.md of an export in the form "ctranslate2" or "huggingface".

    It begins with the metadata that the Hugging Face Hub reads.
    """
    assert model.project is not None
    language = language_of(model.project.locale)
    parts = [
        f"---\nlanguage: {language}\nlibrary_name: {_library(form)}\n"
        "pipeline_tag: automatic-speech-recognition\n---",
        f"# {_line(model.name)}",
        _line(model.description),
        f"A model of speech in {model.project.language} ({model.project.locale}), "
        f"made from {_line(model.base.name if model.base else 'an unknown model')}. "
        f"Model ID: `{model.pk}`.",
        *_section("Use", [_LOADING[form]]),
        *_section("Where it comes from", _origin(model)),
        *_section("Data", _data(model.recipe.get("data", []))),
        *_section("Result", _held_out(model)),
        *_section("Settings", _settings(model)),
        *_section("Licence", [_LICENCE]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _library(form: str) -> str:
    return "transformers" if form == "huggingface" else "ctranslate2"


def _section(title: str, lines: list[str]) -> list[str]:
    return [f"## {title}", *lines] if lines else []


def _origin(model: SpeechModel) -> list[str]:
    copied, imported = origin_of(model)
    lines = [f"{model.get_origin_display()}, {model.created:%Y-%m-%d}."]
    if copied:
        lines.append(f"A copy of “{_line(copied['name'])}” ({copied['model']}).")
    if imported:
        lines.append(f"From the file “{_line(imported['file'])}”.")
    return lines


def origin_of(model: SpeechModel) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """What a model was copied from, and what it was imported from; or nothing."""
    recipe = model.recipe
    return recipe.get("copied_from", {}), recipe.get("imported_from", {})


def _data(used: list[dict[str, Any]]) -> list[str]:
    rows = [
        f"- {_line(str(one.get('name', '')))}: {one.get('kind', '')}"
        + (f", {one['accepted']} accepted" if "accepted" in one else "")
        for one in used
    ]
    return ["\n".join(rows)] if rows else []


def _held_out(model: SpeechModel) -> list[str]:
    found = model.held_out
    if not found or model.project is None:
        return []
    name = rate_name(model.project.locale)
    rows = [f"| model | {name} | errors | words |", "| --- | --- | --- | --- |"]
    for title, key in (("base", "base"), ("this model", "custom")):
        words, errors = found[key]["words"], _errors(found[key])
        rate = f"{errors / words:.1%}" if words else "none"
        rows.append(f"| {title} | {rate} | {errors} | {words} |")
    clips = f"On {found['clips']} clips of the training data that were held out:"
    return [clips, "\n".join(rows)]


def _errors(counts: Mapping[str, int]) -> int:
    return sum(counts[name] for name in ("insertions", "deletions", "substitutions"))


def _settings(model: SpeechModel) -> list[str]:
    if not model.recipe.get("settings") and not model.recipe.get("versions"):
        return []
    rows = [("seed", model.seed), ("text weight", model.text_weight)]
    rows += list(flat(model.recipe.get("settings", {})))
    rows += list(flat(model.recipe.get("versions", {})))
    return ["\n".join(f"- {_line(str(k))}: {_line(str(v))}" for k, v in rows)]


def flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of nested settings, under the names that lead to them.

    >>> list(flat({"rate": 1e-4, "stop": {"after": 3}, "layers": [1, 2]}))
    [('rate', 0.0001), ('stop, after', 3), ('layers', '1, 2')]
    """
    for name, value in values.items():
        path = f"{above}, {name}" if above else str(name)
        if isinstance(value, Mapping):
            yield from flat(value, path)
        elif isinstance(value, list):
            yield path, ", ".join(map(str, value))
        else:
            yield path, value


def _line(text: str) -> str:
    """A text of the user on one line, so that it stays where it is put."""
    return " ".join(text.split())
