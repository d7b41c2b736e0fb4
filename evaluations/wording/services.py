from __future__ import annotations

import hashlib

from django.db import transaction

from evaluations.models import Evaluation
from projects.models import Project

#: The lists of words that a project has, as its fields are called.
LISTS = ("equivalences", "terms")
_COUNTED_AGAIN = 10


class Changed(Exception):
    """Somebody else has saved the text meanwhile."""


def version(text: str) -> str:
    """Other letters for another text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def save(project: Project, name: str, text: str, started: str) -> None:
    """Keep a list of the project's words as it was changed from the version `started`.

    Raises `Changed`, and leaves the text of the other person, if it is not that any
    more; `project` has it then.
    """
    present: str = getattr(project, name)
    if present == text:
        return
    untouched = Project.objects.filter(pk=project.pk, **{name: present})
    if version(present) != started or not untouched.update(**{name: text}):
        project.refresh_from_db(fields=[name])
        raise Changed
    setattr(project, name, text)


def count_again(project: Project) -> None:
    """Have the latest tests counted by the project's new equivalences, for whoever
    looks at them next."""
    ended = project.evaluations.filter(status=Evaluation.Status.SUCCEEDED)
    for evaluation in ended[:_COUNTED_AGAIN]:
        transaction.on_commit(evaluation.prepare_levels)
