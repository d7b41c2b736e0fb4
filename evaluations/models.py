from __future__ import annotations

from contextlib import suppress
from typing import ClassVar
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.timezone import now
from kombu.exceptions import OperationalError

from datasets.models import Dataset, Utterance
from jobs.models import Job
from projects.models import Project
from projects.storage import folder_of
from scoring.errors import ErrorCounts
from scoring.scale import Level, Scale
from training.models import PlannedTest, SpeechModel


class Evaluation(Job):
    """A test: one dataset recognised by one or more models, and compared."""

    class Kind(models.TextChoices):  # the values are those of the REST API
        ACCURACY = "Evaluation", "Evaluate accuracy"
        INSPECTION = "Inspection", "Inspect quality"

    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="evaluations"
    )
    dataset = models.ForeignKey(
        Dataset, on_delete=models.RESTRICT, related_name="evaluations"
    )
    kind = models.CharField(
        max_length=10, choices=Kind.choices, default=Kind.ACCURACY, editable=False
    )
    name = models.CharField(max_length=200)
    # Short enough to travel in the wizard's addresses.
    description = models.TextField(blank=True, max_length=1000)
    # What clients of the API keep with it: names and a text each.
    custom_properties = models.JSONField(default=dict, editable=False)
    # What it does right now, in words, while it is Running.
    stage = models.CharField(max_length=200, blank=True, editable=False)
    # Each pair of models (`evaluations.compare`), in the end.
    comparisons = models.JSONField(default=list, editable=False)

    task_name: ClassVar[str] = "evaluations.tasks.run_evaluation"
    settle_task: ClassVar[str] = "evaluations.tasks.settle_evaluation"
    levels_task: ClassVar[str] = "evaluations.tasks.count_levels"
    planned_task: ClassVar[str] = "evaluations.tasks.make_planned_tests"
    unit_label = "utterances"

    class Meta:
        ordering = ["-created"]
        # With the key a page of the API is found in it alone.
        indexes = [models.Index(fields=["project", "created", "id"])]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("evaluation-detail", args=[self.pk])

    @property
    def folder(self) -> str:
        """Where its files lie on the storage."""
        return f"{folder_of(self.project)}/tests/{self.pk}"

    @property
    def is_inspection(self) -> bool:
        """Whether models are compared with each other, not with a reference."""
        return self.kind == self.Kind.INSPECTION

    def call_off(self) -> None:
        """Take all shards from their workers, who find them gone and stop.

        First of all, before anything that their results hang on is changed:
        a worker that is storing one is waited for.
        """
        Shard.objects.filter(candidate__evaluation=self).delete()

    def prepare_levels(self) -> None:
        """Have its other levels counted when no worker has anything better to do.

        If that is lost, they are counted when somebody asks for them.
        """
        with suppress(OperationalError):
            current_app.signature(self.levels_task, args=[str(self.pk)]).apply_async()

    @classmethod
    def awaits_import(cls, key: UUID | str) -> bool:
        """Whether the dataset of a test is still on its way: the test waits for it,
        and `tend` sends it again."""
        active = (cls.Status.NOT_STARTED, cls.Status.RUNNING)
        return cls.objects.filter(pk=key, dataset__status__in=active).exists()

    @classmethod
    def tend(cls) -> None:
        """End the tests whose last shard's worker died before it could, make those that
        were planned with models that are ready now, begin those whose data is there
        now, and work out the figures of those that were counted by older rules."""
        shards = Shard.objects.filter(candidate__evaluation=models.OuterRef("pk"))
        open_ones = shards.filter(
            status__in=(cls.Status.NOT_STARTED, cls.Status.RUNNING)
        )
        has_failed = models.Exists(shards.filter(status=cls.Status.FAILED))
        for key in cls.objects.filter(
            has_failed | ~models.Exists(open_ones),
            status=cls.Status.RUNNING,
            heartbeat=None,
        ).values_list("pk", flat=True):
            current_app.signature(cls.settle_task, args=[str(key)]).apply_async()
        for evaluation in cls._outdated():
            if evaluation.reopen():
                evaluation.enqueue()
        # Their dataset was still being imported when their turn came.
        for waiting in cls.objects.filter(
            status=cls.Status.NOT_STARTED,
            dataset__status__in=(cls.Status.SUCCEEDED, cls.Status.FAILED),
            dataset__last_action__gt=models.F("last_action"),
        ):
            # Once; what is lost on the way is found like any other job.
            cls.objects.filter(pk=waiting.pk).update(last_action=now())
            waiting.enqueue()
        if PlannedTest.due().exists():
            current_app.signature(cls.planned_task).apply_async()

    @classmethod
    def _outdated(cls) -> list[Evaluation]:
        """Those that ended well before the rules changed by which errors are counted,
        or before there were tables."""
        ended = cls.objects.filter(status=cls.Status.SUCCEEDED)
        locales = ended.order_by().values_list("project__locale", flat=True).distinct()
        found: list[Evaluation] = []
        for locale in locales:
            complete = Candidate.objects.filter(
                evaluation=models.OuterRef("pk"), is_complete=True
            )
            other = complete.filter(
                models.Q(table="") | ~models.Q(scale=Scale(locale).digest)
            )
            found += ended.filter(models.Exists(other), project__locale=locale)
        return found


class Candidate(models.Model):
    """One model in one test, with its errors summed over all utterances.

    It is complete when all of them were recognised and summed up; models may be
    added to a test later.
    """

    evaluation = models.ForeignKey(
        Evaluation, on_delete=models.CASCADE, related_name="candidates"
    )
    model = models.ForeignKey(
        SpeechModel, on_delete=models.RESTRICT, related_name="candidates"
    )
    position = models.PositiveSmallIntegerField()
    # Errors in words, as integers: every total is a sum, never an average. In an
    # inspection, which has no references, they are the differences from what the first
    # model heard.
    words = models.PositiveIntegerField(default=0, editable=False)
    insertions = models.PositiveIntegerField(default=0, editable=False)
    deletions = models.PositiveIntegerField(default=0, editable=False)
    substitutions = models.PositiveIntegerField(default=0, editable=False)
    # Utterances that were scored, those of them with any error, and those
    # that could not be recognised at all.
    sentences = models.PositiveIntegerField(default=0, editable=False)
    wrong_sentences = models.PositiveIntegerField(default=0, editable=False)
    failed = models.PositiveIntegerField(default=0, editable=False)
    # Where its error rate lies with 95 % probability; None where it has none.
    low = models.FloatField(null=True, editable=False)
    high = models.FloatField(null=True, editable=False)
    # Errors in display text where the references are such: {"tokens", "insertions",
    # "deletions", "substitutions"} and what they come from (`TokenErrors`).
    tokens = models.JSONField(default=dict, editable=False)
    is_complete = models.BooleanField(default=False, editable=False)
    # The digest of the rules by which its errors were counted.
    scale = models.CharField(max_length=16, blank=True, editable=False)
    # The name of the file with its alignments (`evaluations.tables`).
    table = models.CharField(max_length=255, blank=True, editable=False)
    # How it recognises (`engines.base.Decoding`): what was heard in the same audio
    # with the same settings is not recognised again.
    decoding = models.JSONField(default=dict, editable=False)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["evaluation", "model"], name="a_model_once_a_test"
            )
        ]

    def __str__(self) -> str:
        return self.model.name

    @property
    def counts(self) -> ErrorCounts:
        return ErrorCounts(
            words=self.words,
            insertions=self.insertions,
            deletions=self.deletions,
            substitutions=self.substitutions,
        )

    @property
    def token_error_rate(self) -> float | None:
        """None where the references are no display text."""
        kinds = ("insertions", "deletions", "substitutions")
        errors = sum(self.tokens.get(kind, 0) for kind in kinds)
        return errors / self.tokens["tokens"] if self.tokens.get("tokens") else None

    @property
    def sentence_error_rate(self) -> float | None:
        return self.wrong_sentences / self.sentences if self.sentences else None


class Item(models.Model):
    """One utterance in one test: a row of the reviewer's page."""

    evaluation = models.ForeignKey(
        Evaluation, on_delete=models.CASCADE, related_name="items"
    )
    utterance = models.ForeignKey(
        Utterance, on_delete=models.CASCADE, related_name="items"
    )
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["evaluation", "position"], name="one_item_a_position"
            )
        ]

    def __str__(self) -> str:
        return f"{self.evaluation_id} {self.position}"


class Hypothesis(models.Model):
    """What one candidate heard in one utterance."""

    candidate = models.ForeignKey(
        Candidate, on_delete=models.CASCADE, related_name="hypotheses"
    )
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="hypotheses")
    text = models.TextField(blank=True)
    # The same as it is to be read, by the rules of a custom model; empty where
    # that is no different.
    display = models.TextField(blank=True, default="")
    # [text, start, end, probability] for each word; times in seconds.
    timings = models.JSONField(default=list)
    # Why there is no transcript, when there is none.
    error = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "hypotheses"
        constraints = [
            models.UniqueConstraint(
                fields=["item", "candidate"], name="one_hypothesis_each"
            )
        ]

    def __str__(self) -> str:
        return self.text


class Shard(Job):
    """Some utterances of a test for one candidate: what one task does."""

    candidate = models.ForeignKey(
        Candidate, on_delete=models.CASCADE, related_name="shards"
    )
    # Positions of its items, both included.
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["candidate", "first"], name="shards_do_not_overlap"
            )
        ]

    def __str__(self) -> str:
        return f"{self.candidate_id} {self.first}-{self.last}"

    @property
    def task_name(self) -> str:  # type: ignore[override]
        if self.candidate.evaluation.project.is_remote:
            return "remote.tasks.begin_shard"
        return "evaluations.tasks.run_shard"


class Scoring(Job):
    """The results of a test at another scoring level than the usual one.

    Counted once, and kept: see `evaluations.levels`.
    """

    evaluation = models.ForeignKey(
        Evaluation, on_delete=models.CASCADE, related_name="scorings"
    )
    level = models.CharField(
        max_length=10,
        choices=[(level.value, level.value) for level in Level],
        editable=False,
    )
    # The digest of the rules that its figures were counted by.
    scale = models.CharField(max_length=16, blank=True, editable=False)
    # For the key of each candidate, as text, the fields that are others here.
    figures = models.JSONField(default=dict, editable=False)
    comparisons = models.JSONField(default=list, editable=False)
    # Of the project's equivalences, how many errors each removes: see `levels`.
    effects = models.JSONField(default=list, editable=False)

    task_name: ClassVar[str] = "evaluations.tasks.run_scoring"
    unit_label = "utterances"

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["evaluation", "level"], name="one_scoring_a_level"
            )
        ]

    def __str__(self) -> str:
        return f"{self.evaluation_id} {self.level}"


class Judgement(models.Model):
    """Something that a person says of an utterance in a test."""

    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField(default=now)

    class Meta:
        abstract = True


class Verdict(Judgement):
    """Who is to blame for what differs in an utterance; the team has one each."""

    class Choice(models.TextChoices):
        MODEL = "model", "Model wrong"
        REFERENCE = "reference", "Reference wrong"
        FINE = "fine", "Both fine"
        UNCLEAR = "unclear", "Unclear"

    item = models.OneToOneField(Item, on_delete=models.CASCADE, related_name="verdict")
    evaluation = models.ForeignKey(
        Evaluation, on_delete=models.CASCADE, related_name="verdicts"
    )
    choice = models.CharField(max_length=10, choices=Choice.choices)

    class Meta:
        indexes = [models.Index(fields=["evaluation", "choice", "by", "item"])]

    def __str__(self) -> str:
        return f"{self.item_id}: {self.choice}"


class Comment(Judgement):
    """What somebody has to say about an utterance."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="comments")
    evaluation = models.ForeignKey(
        Evaluation, on_delete=models.CASCADE, related_name="comments"
    )
    text = models.TextField(max_length=2000)

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return self.text


class Correction(Judgement):
    """What the reference of an utterance should say.

    The dataset stays as it is: corrections become a new version of it together.
    """

    item = models.OneToOneField(
        Item, on_delete=models.CASCADE, related_name="correction"
    )
    evaluation = models.ForeignKey(
        Evaluation, on_delete=models.CASCADE, related_name="corrections"
    )
    text = models.TextField(max_length=100_000)

    def __str__(self) -> str:
        return self.text
