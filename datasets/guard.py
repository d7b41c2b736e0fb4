"""Connections to the public internet only, and none that is kept waiting.

The name of a server is looked up here, every address that it leads to is checked,
and the connection goes to a checked address itself: a name that changes its mind
in between (DNS rebinding) gains nothing.

Public addresses are allowed on the ports 80, 443 and from 1024 on; what else,
says the administrator by name or network.

Reference: https://www.iana.org/assignments/iana-ipv6-special-registry
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpcore

from datasets.formats.base import FormatError, size_text

TOTAL_SECONDS = 3 * 3600.0  # 2 GB at 200 kB/s
PACE_SECONDS = 60.0
PACE_BYTES = 16 * 1024  # in PACE_SECONDS; who sends less wants to hold us up
# Addresses that wrap another one: IPv4-mapped, NAT64, 6to4, Teredo, ...
_WRAPPING = [
    ipaddress.IPv6Network(network)
    for network in (
        *("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96"),
        *("64:ff9b:1::/48", "2001::/32", "2002::/16"),
    )
]


@dataclass
class Pace:
    """The time that a fetch may take, and how slow it may be."""

    clock: Callable[[], float] = time.monotonic
    total_seconds: float = TOTAL_SECONDS
    started: float = field(init=False)
    since: float = field(init=False)
    bytes: int = 0  # that came since then

    def __post_init__(self) -> None:
        self.started = self.since = self.clock()

    def count(self, received: int) -> None:
        """Raises `FormatError` when it takes too long."""
        now = self.clock()
        self.bytes += received
        if now - self.started > self.total_seconds:
            hours = self.total_seconds / 3600
            message = f"It did not end within {hours:.0f} hours and was given up."
            raise FormatError(message, "fetch.timed_out")
        if now - self.since < PACE_SECONDS:
            return
        if self.bytes < PACE_BYTES:
            raise FormatError(
                f"The server sent only {size_text(self.bytes)} in a minute; that is "
                "too slow. Try again later, or upload the file from your computer.",
                "fetch.timed_out",
            )
        self.since, self.bytes = now, 0


class Guard(httpcore.NetworkBackend):
    """Connects to public addresses, and to those that `allowed` names."""

    def __init__(
        self,
        allowed: Iterable[str] = (),
        inner: httpcore.NetworkBackend | None = None,
        resolve: Callable[..., Sequence[tuple[Any, ...]]] = socket.getaddrinfo,
        pace: Pace | None = None,
    ) -> None:
        self.names = {word.lower() for word in allowed if not _network(word)}
        self.networks = [net for word in allowed if (net := _network(word))]
        self.inner = inner or httpcore.SyncBackend()
        self.resolve = resolve
        self.pace = pace or Pace()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        error: Exception | None = None
        for address in self.addresses(host, port):
            self.pace.count(0)
            try:
                stream = self.inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as e:
                error = e
            else:
                return _Stream(stream, self.pace)
        raise error or httpcore.ConnectError("no address")

    def addresses(self, host: str, port: int) -> list[str]:
        """Where the name leads to; raises when any of it is out of bounds."""
        is_named = host.lower() in self.names
        if port not in (80, 443) and port < 1024 and not is_named:
            message = f"No file is fetched from port {port}. Use 80, 443 or one from "
            raise FormatError(message + "1024 on.", "fetch.forbidden_address")
        try:
            found = self.resolve(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as e:
            message = f"The server {host} is not known. Check the spelling."
            raise FormatError(message, "fetch.unknown_host") from e
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not is_named and not all(self._is_allowed(one) for one in addresses):
            raise FormatError(
                f"{host} is in a private network or on this machine, where nothing "
                "is fetched from. The administrator can allow it in the setting "
                "FETCH_ALLOWED_HOSTS.",
                "fetch.forbidden_address",
            )
        return addresses

    def _is_allowed(self, text: str) -> bool:
        address = ipaddress.ip_address(text)
        return is_public(address) or any(
            address in net for net in self.networks if net.version == address.version
        )


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether the address is one of the public internet.

    What wraps another address (IPv4-mapped, NAT64, 6to4, Teredo) is none.

    >>> [is_public(ipaddress.ip_address(a)) for a in ("9.9.9.9", "10.0.0.1")]
    [True, False]
    """
    if address.version == 6 and any(address in net for net in _WRAPPING):
        return False
    return address.is_global and not (
        address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or address.is_loopback
        or address.is_link_local
        or (address.version == 6 and address.is_site_local)
    )


def _tls_failed(host: str | None, cause: BaseException | None) -> FormatError:
    if isinstance(cause, ssl.SSLCertVerificationError):
        why = cause.verify_message
        message = f"The certificate of {host} is not to be trusted: {why}."
    else:
        message = f"No safe connection (TLS) to {host} could be made. Does the address "
        message += "begin with http:// perhaps?"
    return FormatError(message, "fetch.tls")


def _network(word: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(word)
    except ValueError:
        return None


class _Stream(httpcore.NetworkStream):
    """A connection that is watched for its pace, from the first byte on."""

    def __init__(self, inner: httpcore.NetworkStream, pace: Pace) -> None:
        self.inner = inner
        self.pace = pace

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self.inner.read(max_bytes, timeout)
        self.pace.count(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.inner.write(buffer, timeout)

    def close(self) -> None:
        self.inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        try:
            secured = self.inner.start_tls(ssl_context, server_hostname, timeout)
        except httpcore.ConnectError as e:
            raise _tls_failed(server_hostname, e.__cause__) from e
        return _Stream(secured, self.pace)

    def get_extra_info(self, info: str) -> Any:
        return self.inner.get_extra_info(info)
