"""What models heard in a test at a resource, read from its files.

Section 6.3 of the reference: of each recording and model one JSON file,
`<wav>.model1_score.json`, with `recognizedPhrases` as in a batch transcription.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engines.azure.client import AzureClient
from engines.azure.errors import AzureError, Kind
from projects.downloads import file_name

_TICKS = 10_000_000  # in a second
_MAX_FILE_BYTES = 20 * 1024**2
# Files that are fetched at once.
AT_ONCE = 8


@dataclass(frozen=True)
class Heard:
    """`timings` are as in `Hypothesis`: word, start, end, probability."""

    text: str
    display: str = ""
    timings: list[list[Any]] = field(default_factory=list)
    error: str = ""


def heard_in(
    client: AzureClient, files: str, number: int
) -> Callable[[str, int], Heard | None]:
    """What model `number` heard, asked for by name and position of an utterance.

    Raises `AzureError`.
    """
    ending = f".model{number}_score.json"
    links = {
        str(one["name"]).removesuffix(ending): str(one["links"]["contentUrl"])
        for one in client.pages(files, top=1000)
        if str(one.get("name")).endswith(ending) and "contentUrl" in one["links"]
    }
    known = dict(_fetched(client, links))

    def find(name: str, position: int) -> Heard | None:
        plain = file_name(name)
        # As it came; as in an archive whose names would be the same; as we packed it.
        for key in (name, plain, f"{position}_{plain}", f"{position:06}.wav"):
            if key in known:
                return known[key]
        return None

    return find


def _fetched(client: AzureClient, links: dict[str, str]) -> Iterator[tuple[str, Heard]]:
    with tempfile.TemporaryDirectory() as folder:

        def fetch(numbered: tuple[int, str]) -> Heard:
            path = Path(folder) / f"{numbered[0]}.json"
            client.download(numbered[1], path, _MAX_FILE_BYTES)
            try:
                return heard(json.loads(path.read_bytes()))
            except (ValueError, RecursionError, TypeError, LookupError) as e:
                message = "The resource gave a result that is no such file."
                raise AzureError(message, "NotAzure", kind=Kind.NOT_AZURE) from e
            finally:
                path.unlink()

        yield from zip(links, _mapped(fetch, enumerate(links.values())), strict=True)


def _mapped(work: Callable[[Any], Heard], values: Any) -> Iterator[Heard]:
    if AT_ONCE == 1:
        yield from map(work, values)
        return
    with ThreadPoolExecutor(AT_ONCE, "fetch") as threads:
        yield from threads.map(work, values)


def heard(score: dict[str, Any]) -> Heard:
    """One file of a test.

    >>> heard({"recognizedPhrases": [{"nBest": [
    ...     {"lexical": "so long", "display": "So long."}]}]})
    Heard(text='so long', display='So long.', timings=[], error='')
    """
    if said := score.get("error"):
        message = said.get("message") if isinstance(said, dict) else said
        return Heard("", error=str(message)[:1000])
    best = [one["nBest"][0] for one in score["recognizedPhrases"] if one.get("nBest")]
    words = [word for one in best for word in _words(one)]
    lexical = " ".join(str(one.get("lexical") or "") for one in best).strip()
    display = " ".join(str(one.get("display") or "") for one in best).strip()
    spoken = " ".join(str(word[0]) for word in words)
    # The words as they were recognised, which have times, where there are any.
    text = spoken or lexical or display
    timings = [
        [f" {word}" if i else word, *rest] for i, (word, *rest) in enumerate(words)
    ]
    return Heard(text, display if display != text else "", timings)


def _words(best: dict[str, Any]) -> Iterator[list[Any]]:
    for word in best.get("words") or []:
        start = float(word["offsetInTicks"]) / _TICKS
        length = float(word["durationInTicks"]) / _TICKS
        sure = float(word.get("confidence", best.get("confidence", 0.0)))
        yield [str(word["word"]), round(start, 2), round(start + length, 2), sure]
