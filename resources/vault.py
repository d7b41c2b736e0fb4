"""Secrets of others, such as the key of a speech resource: encrypted at rest.

They are encrypted with a key that is derived from SECRET_KEY, so a copy of the
database alone gives none of them away.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Sealed(Exception):
    """A secret cannot be read any more; the message is fit for the user."""


def seal(secret: str) -> str:
    """The secret as it is stored. Of an empty one nothing is."""
    return _fernet().encrypt(secret.encode()).decode() if secret else ""


def unseal(sealed: str) -> str:
    """Raises `Sealed` when SECRET_KEY is not the one it was sealed with."""
    if not sealed:
        return ""
    try:
        return _fernet().decrypt(sealed.encode()).decode()
    except InvalidToken as e:
        message = "The secret was stored under another SECRET_KEY. Enter it again."
        raise Sealed(message) from e


def _fernet() -> Fernet:
    derived = HKDF(SHA256(), 32, salt=None, info=b"speechstudio/vault")
    return Fernet(urlsafe_b64encode(derived.derive(settings.SECRET_KEY.encode())))
