"""Keys of persons and projects: made, shown once, and recognised by their digest.

A key is 128 random bits, so a plain digest keeps it as safe as a slow one would.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils.timezone import now

from api.models import ApiKey, Scope
from projects.models import Project

_LONGEST = 200  # characters of what may be asked for
# How exact the time of the last use is: a key in use costs one write a minute.
_NOTED_EVERY = timedelta(minutes=1)


def make(
    user: User,
    name: str,
    project: Project | None = None,
    scopes: Iterable[str] = (Scope.READ, Scope.WRITE, Scope.RECOGNISE),
    expires: datetime | None = None,
    pk: UUID | None = None,
) -> tuple[ApiKey, str]:
    """A new key, and the same in plain, for the only time.

    `pk` is for a form that may be sent twice: raises `IntegrityError` the second time.
    """
    plain = secrets.token_hex(16)
    key = ApiKey.objects.create(
        pk=pk or uuid4(),
        user=user,
        name=name,
        project=project,
        scopes=sorted({Scope(one).value for one in scopes}),
        expires=expires,
        digest=_digest(plain),
        hint=plain[-4:],
    )
    return key, plain


def find(plain: str) -> ApiKey | None:
    """The key with its person and project; None for one that is wrong or over."""
    if len(plain) > _LONGEST:
        return None
    return find_by_digest(_digest(plain))


def find_by_digest(digest: str) -> ApiKey | None:
    rows = ApiKey.objects.filter(digest=digest, user__is_active=True)
    key = rows.select_related("user", "project").first()
    if key is None or key.is_expired:
        return None
    _note_use(key)
    return key


def _note_use(key: ApiKey) -> None:
    long_ago = now() - _NOTED_EVERY
    if key.last_used is None or key.last_used < long_ago:
        is_due = Q(last_used=None) | Q(last_used__lt=long_ago)
        ApiKey.objects.filter(is_due, pk=key.pk).update(last_used=now())


def _digest(plain: str) -> str:
    return sha256(plain.encode("utf-8", "replace")).hexdigest()
