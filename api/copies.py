"""Models that are copied from project to project by two calls: the target authorizes,
and the source hands over.

An authorization is good for one copy within a day. Whoever has its ID may bring a model
into the project of the person who asked for it, and nothing else.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from hashlib import sha256

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.timezone import now

from api.models import CopyAuthorization, ModelCopy
from projects.models import Project
from training import copy as copying
from training.models import SpeechModel

_GOOD_FOR = timedelta(days=1)


class Refused(Exception):
    """The model cannot be copied; the message is fit for the user, the code is one of
    the contract's."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


def authorize(user: User, project: Project | None) -> tuple[CopyAuthorization, str]:
    """A new authorization, and its ID, for the only time."""
    CopyAuthorization.objects.filter(expires__lt=now()).delete()
    plain = secrets.token_urlsafe(32)
    made = CopyAuthorization.objects.create(
        digest=_digest(plain), user=user, project=project, expires=now() + _GOOD_FOR
    )
    return made, plain


@transaction.atomic
def start(source: SpeechModel, plain: str) -> ModelCopy:
    """Have a model copied to where the authorization with this ID says. Raises
    `Refused`."""
    rows = CopyAuthorization.objects.select_for_update()
    authorization = rows.filter(digest=_digest(plain), user__is_active=True).first()
    if authorization is None or authorization.expires <= now():
        message = "The authorization is unknown here, was used, or has expired. Ask "
        message += "for another one by models:authorizecopy."
        raise Refused(message, "ModelCopyAuthorizationExpired")
    assert source.project is not None
    project = _target(source, source.project, authorization)
    authorization.delete()
    made = copying.start(source, project, source.name)
    return ModelCopy.objects.create(project=source.project, made=made)


def _target(
    source: SpeechModel, home: Project, authorization: CopyAuthorization
) -> Project:
    """`home` is where the model is."""
    found = copying.targets(authorization.user, source)
    if authorization.project_id:
        found = found.filter(pk=authorization.project_id)
    projects = list(found[:2])
    if len(projects) == 1:
        return projects[0]
    if authorization.project_id:
        message = "The project that the authorization is for is that of the model, or "
        message += f"is not one for {home.language} that its person may "
        raise Refused(message + "change.", "InvalidProject")
    count = "more than one" if projects else "no"
    message = f"The person who authorized the copy may change {count} other project "
    message += f"for {home.language}. Name one in “project” of "
    raise Refused(message + "models:authorizecopy.", "InvalidProject")


def _digest(plain: str) -> str:
    # As of a key: it is random enough for a plain digest.
    return sha256(plain.encode("utf-8", "replace")).hexdigest()
