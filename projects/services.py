"""What a person or a client can do with projects."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from projects.engines import EMBEDDED
from projects.models import Member, Project, Role
from projects.storage import delete_later, folder_of


class LastOwner(Exception):
    """A project without an owner could never be managed again."""


@transaction.atomic
def create(
    user: User, name: str, locale: str, description: str = "", engine: str = EMBEDDED
) -> Project:
    """Make a project; its maker owns it."""
    project = Project.objects.create(
        name=name, locale=locale, description=description, engine=engine
    )
    Member.objects.create(project=project, user=user, role=Role.OWNER)
    return project


@transaction.atomic
def set_role(project: Project, user_id: int, role: str) -> None:
    """Add a member, or change the role of one. Raises `LastOwner`."""
    if role != Role.OWNER:
        _keep_an_owner(project, user_id)
    Member.objects.update_or_create(
        project=project, user_id=user_id, defaults={"role": role}
    )


@transaction.atomic
def remove_member(project: Project, user_id: int) -> None:
    """Raises `LastOwner`."""
    _keep_an_owner(project, user_id)
    Member.objects.filter(project=project, user_id=user_id).delete()


def delete(project: Project) -> None:
    """Delete a project with all its data, tests and files.

    A worker that is at work for it stops at its next step.
    """
    folder = folder_of(project)
    with transaction.atomic():
        for evaluation in project.evaluations.all():
            evaluation.call_off()
        for editor_set in project.editor_sets.all():
            editor_set.call_off()
        for transcription in project.transcriptions.all():
            transcription.call_off()
        project.delete()
        delete_later(folder)


def _keep_an_owner(project: Project, user_id: int) -> None:
    # The row lock makes two owners who leave at once take turns.
    Project.objects.select_for_update().get(pk=project.pk)
    owners = Member.objects.filter(project=project, role=Role.OWNER)
    if [m.user_id for m in owners] == [user_id]:
        raise LastOwner("This person is the only owner; make someone else one first.")
