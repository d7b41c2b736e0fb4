"""Where a Speech resource is."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from engines.azure.errors import AzureError, Kind

ROOT = "/speechtotext"
# The two kinds of names that a resource of Azure has: that of its region, and its own.
_AZURE = (".api.cognitive.microsoft.com", ".cognitiveservices.azure.com")


def endpoint_of(given: str) -> str:
    """The endpoint in its short form, of an address or the name of a region.

    Raises `AzureError` for what is neither.

    >>> endpoint_of("westeurope")
    'https://westeurope.api.cognitive.microsoft.com'
    >>> endpoint_of(" https://Speech.example.org/speechtotext/ ")
    'https://speech.example.org'
    """
    given = given.strip()
    if re.fullmatch(r"[a-z][a-z0-9]{3,39}", given):
        return f"https://{given}{_AZURE[0]}"
    try:
        parts = urlsplit(given)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if (
        not host
        or parts.scheme not in ("http", "https")
        or parts.username is not None
        or parts.query
        or parts.fragment
        or not re.fullmatch(r"[a-z0-9._:-]+", host)
    ):
        message = (
            "An endpoint is the name of a region, such as westeurope, or an address, "
            "such as https://westeurope.api.cognitive.microsoft.com."
        )
        raise AzureError(message, "InvalidEndpoint", kind=Kind.REFUSED)
    host = f"[{host}]" if ":" in host else host
    path = parts.path.rstrip("/").removesuffix(ROOT)
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{path}"


def is_loopback(endpoint: str) -> bool:
    """Whether nobody else can listen on the way there.

    >>> is_loopback("http://127.0.0.1:8000"), is_loopback("http://speech.intra")
    (True, False)
    """
    host = urlsplit(endpoint).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def on(endpoint: str, address: str) -> str:
    """An address that a resource gave, as it is asked for at `endpoint`, and nowhere
    else: a key must not follow an address to another server.

    A resource of Azure with a name of its own gives addresses of its region, and a
    server behind a proxy may know itself by another scheme or port. Raises
    `AzureError` for any other server.

    >>> on("https://me.cognitiveservices.azure.com",
    ...    "https://westus.api.cognitive.microsoft.com/speechtotext/datasets/7")
    'https://me.cognitiveservices.azure.com/speechtotext/datasets/7'
    """
    there, here = urlsplit(address), urlsplit(endpoint)
    host, own = there.hostname or "", here.hostname or ""
    start = there.path.find(f"{ROOT}/")
    is_own = host == own or (host.endswith(_AZURE) and own.endswith(_AZURE))
    if not is_own or start < 0:
        message = f"The resource points to another server, {host[:100]}."
        raise AzureError(message, "ForeignAddress", kind=Kind.NOT_AZURE)
    path = here.path + there.path[start:]
    return urlunsplit((here.scheme, here.netloc, path, there.query, ""))


def is_same_origin(endpoint: str, address: str) -> bool:
    return _origin(endpoint) == _origin(address)


def below(address: str, path: str) -> str:
    """
    >>> below("https://a.example/speechtotext/datasets/7?api-version=1", "blocks")
    'https://a.example/speechtotext/datasets/7/blocks?api-version=1'
    """
    parts = urlsplit(address)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{path}"))


def asking(address: str, **query: object) -> str:
    """The address with more in its query; what is None is left out.

    >>> asking("https://a.example/?a=1", b="x y", c=None)
    'https://a.example/?a=1&b=x+y'
    """
    parts = urlsplit(address)
    asked = dict(parse_qsl(parts.query, keep_blank_values=True))
    asked |= {name: str(value) for name, value in query.items() if value is not None}
    return urlunsplit(parts._replace(query=urlencode(asked)))


def key_of(address: str) -> str:
    """The last part of an address: the ID of what is there.

    >>> key_of("https://a.example/speechtotext/datasets/7?api-version=1")
    '7'
    """
    return urlsplit(address).path.rstrip("/").rpartition("/")[2]


def _origin(address: str) -> tuple[str, str, int]:
    parts = urlsplit(address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return parts.scheme, parts.hostname or "", port
