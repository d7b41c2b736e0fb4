"""What a reviewer can do with an utterance of a test.

The team has one verdict an utterance: the last one holds. All say what is to be,
not what is to be changed, so that whatever is sent twice is done once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.timezone import now

from evaluations.models import Comment, Evaluation, Item, Verdict


def judge(evaluation: Evaluation, position: int, user: User, choice: str) -> Item:
    """Give an utterance a verdict. Raises Item.DoesNotExist."""
    with _locked(evaluation, position) as item:
        verdict = Verdict.objects.filter(item=item).first()
        if verdict is None:
            verdict = Verdict(item=item, evaluation=evaluation)
        if (verdict.choice, verdict.by_id) != (choice, user.pk):
            verdict.choice, verdict.by, verdict.at = choice, user, now()
            verdict.save()
    return item


def take_back(evaluation: Evaluation, position: int, choice: str) -> Item:
    """Leave an utterance without a verdict, unless it has another one by now.

    Raises Item.DoesNotExist.
    """
    with _locked(evaluation, position) as item:
        Verdict.objects.filter(item=item, choice=choice).delete()
    return item


def comment(evaluation: Evaluation, position: int, user: User, text: str) -> Item:
    """Add a comment, unless it is the last one over again. Raises Item.DoesNotExist."""
    with _locked(evaluation, position) as item:
        last = item.comments.order_by("pk").last()
        if last is None or (last.by_id, last.text) != (user.pk, text):
            Comment.objects.create(item=item, evaluation=evaluation, by=user, text=text)
    return item


def delete_comment(
    evaluation: Evaluation, position: int, user: User, key: int, may_any: bool
) -> Item:
    """Delete one's own comment, or with `may_any` anybody's, if it is still there.

    Raises Item.DoesNotExist and PermissionDenied.
    """
    with _locked(evaluation, position) as item:
        found = item.comments.filter(pk=key).first()
        if found and not may_any and found.by_id != user.pk:
            raise PermissionDenied("This is somebody else's comment.")
        if found:
            found.delete()
    return item


@contextmanager
def _locked(evaluation: Evaluation, position: int) -> Iterator[Item]:
    """The item, for one judgement at a time; who deletes it waits."""
    with transaction.atomic():
        yield Item.objects.select_for_update().get(
            evaluation=evaluation, position=position
        )
