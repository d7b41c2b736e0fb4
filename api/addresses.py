"""Where things are: the addresses in answers, and what those in questions point to."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

from api.errors import ApiError, invalid

VERSIONS = ("2025-10-15", "2024-11-15", "v3.2")
_ROOT = "/speechtotext/"


@dataclass(frozen=True)
class Addresses:
    """Absolute addresses of one server, in one version of the API."""

    base: str  # such as https://speech.example.org
    version: str

    def of(self, path: str, **query: object) -> str:
        """
        >>> Addresses("https://a.example", "2025-10-15").of("datasets", top=2)
        'https://a.example/speechtotext/datasets?top=2&api-version=2025-10-15'
        >>> Addresses("https://a.example", "v3.2").of("datasets")
        'https://a.example/speechtotext/v3.2/datasets'
        """
        asked = [(name, value) for name, value in query.items() if value is not None]
        # Most of the many in a list ask for nothing but the version.
        parts = [urlencode(asked)] if asked else []
        if self.version.startswith("v"):
            path = f"{self.version}/{path}"
        else:
            parts.append(f"api-version={self.version}")
        more = f"?{'&'.join(parts)}" if parts else ""
        return f"{self.base}{_ROOT}{path}{more}"

    def reference(self, collection: str, key: UUID) -> dict[str, str]:
        return {"self": self.of(f"{collection}/{key}")}

    def key_in(self, address: str, collections: tuple[str, ...], target: str) -> UUID:
        """The key of what an address points to. Raises `ApiError`.

        The collections are those that it may be in, such as `models/base`.
        """
        parts = urlsplit(address)
        if parts.scheme and parts.netloc != urlsplit(self.base).netloc:
            message = f"“{target}” points to another server, {parts.netloc}."
            raise invalid(message, f"{target}.self")
        path = parts.path.partition(_ROOT)[2]
        path = path.removeprefix("v3.2/").strip("/")
        collection, _, key = path.rpartition("/")
        if collection not in collections:
            named = " or ".join(f"{_ROOT}{one}/ID" for one in collections)
            message = f"“{target}” is the address of something else than {named}."
            raise invalid(message, f"{target}.self")
        try:
            return UUID(key)
        except ValueError as e:
            message = f"“{target}” ends with an ID that is none."
            raise invalid(message, f"{target}.self") from e


def version_of(path: str, query: str) -> str:
    """Which version of the API an address asks for. Raises `ApiError`."""
    if path.startswith(f"{_ROOT}v"):
        asked = path.removeprefix(_ROOT).partition("/")[0]
    else:
        asked = parse_qs(query).get("api-version", [""])[0]
    if asked not in VERSIONS:
        what = f"“{asked[:40]}” is none" if asked else "It is missing"
        message = f"{what}: api-version is one of {', '.join(VERSIONS[:2])}."
        raise ApiError(message, "InvalidParameterValue", "api-version")
    return asked
