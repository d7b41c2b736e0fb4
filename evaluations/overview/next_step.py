"""What to do next in a project, in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from datasets.models import Dataset
from evaluations.advice import advice
from evaluations.comparison import MIN_UTTERANCES, Comparison
from evaluations.models import Evaluation
from evaluations.overview.finished import best_of
from evaluations.overview.standing import Standing
from projects.models import Project
from training.models import SpeechModel

_READY = 0.1  # below this rate the field calls a model good


@dataclass(frozen=True)
class Step:
    """What to do, and the page where it is done."""

    text: str
    action: str
    url: str


def next_step(
    project: Project, standing: Standing | None, untested: SpeechModel | None
) -> Step:
    """The first thing that is missing."""
    if standing is None:
        return _first_step(project)
    if untested:
        text = f"{untested.name} was not tested on this data yet."
        return Step(text, "Test it", _test_url(standing, untested))
    if standing.best.sentences < MIN_UTTERANCES:
        text = (
            "This test is too small to tell how good a model is. Test on more of "
            "speech like this: a few minutes at least."
        )
        return Step(text, "Upload data", reverse("dataset-create", args=[project.pk]))
    worse = _worse(project, standing)
    if worse:
        return worse
    if not standing.best.model.is_custom:
        text = (
            "A model that is trained for your domain makes fewer errors. Train one "
            "with text and transcripts from it, and test it on the same data."
        )
        return _train(project, text)
    said = standing.to_base.comparison if standing.to_base else None
    if said and (said.is_small or (said.verdict == "unclear" and said.more_seconds)):
        return _more_speech(project, said)
    return _after(project, standing)


def _worse(project: Project, standing: Standing) -> Step | None:
    """What to do where another model is better, which the headline says."""
    found = [pair for pair in (standing.to_base, standing.to_former) if pair]
    better = best_of(
        [
            pair.old
            for pair in found
            if pair.comparison and pair.comparison.verdict == "worse"
        ]
    )
    if better is None:
        return None
    if better.model_id == standing.best.model_id:
        text = (
            f"The same model made fewer errors in {better.evaluation.name}. Compare "
            "both tests: their settings, or the rules of the model, have changed."
        )
        url = reverse("evaluation-compare", args=[project.pk])
        tests = urlencode({"tests": [standing.test.pk, better.evaluation_id]}, True)
        return Step(text, "Compare", f"{url}?{tests}")
    if better.model_id == standing.best.model.base_id:
        use = "use the base model"
    else:
        use = f"go back to {better.model.name}, which made fewer errors"
    text = (
        f"On speech like this, {use}. Train with more data that is like the data of "
        "the test."
    )
    return _train(project, text)


def untested_model(project: Project, standing: Standing | None) -> SpeechModel | None:
    """The newest custom model, where nobody has begun to test it on the same data."""
    if standing is None:
        return None
    own = project.models.filter(status=SpeechModel.Status.SUCCEEDED)
    newest = own.order_by("-created").first()
    if newest is None or newest.is_expired:
        return None
    dataset = standing.test.dataset_id
    is_tested = newest.candidates.filter(evaluation__dataset=dataset).exists()
    is_planned = newest.planned_tests.filter(dataset=dataset, is_made=False).exists()
    return None if is_tested or is_planned else newest


def _first_step(project: Project) -> Step:
    kinds = (Dataset.Kind.ACOUSTIC, Dataset.Kind.TRANSCRIPT)
    if project.datasets.filter(kind__in=kinds).exists():
        text = (
            "A test recognises a dataset with one or more models and shows what each "
            "got wrong."
        )
        return Step(text, "New test", reverse("evaluation-create", args=[project.pk]))
    text = "Upload speech with its transcript first; then see how well a model does."
    return Step(text, "Upload data", reverse("dataset-create", args=[project.pk]))


def _test_url(standing: Standing, model: SpeechModel) -> str:
    models = [key for key in (model.base_id, model.pk) if key]
    answers = {
        "kind": Evaluation.Kind.ACCURACY.value,
        "dataset": standing.test.dataset_id,
        "models": models,
    }
    url = reverse("evaluation-step", args=[standing.test.project_id, "name"])
    return f"{url}?{urlencode(answers, doseq=True)}"


def _train(project: Project, text: str) -> Step:
    url = reverse("model-create", args=[project.pk])
    return Step(text, "Train a model", url)


def _more_speech(project: Project, said: Comparison) -> Step:
    more = said.more_seconds
    minutes = f"about {max(1, round(more / 60)):,} more minutes" if more else "more"
    text = (
        "This test is too small to tell the model from its base. Test both on "
        f"{minutes} of speech like this."
    )
    return Step(text, "Upload data", reverse("dataset-create", args=[project.pk]))


def _after(project: Project, standing: Standing) -> Step:
    """There is a custom model, and it is no worse than its base."""
    counts = standing.best.counts
    said = advice(counts)
    if said and 2 * counts.substitutions > counts.errors:
        return _train(project, said)
    if not said and (counts.rate or 0) > _READY:
        said = (
            "No kind of error stands out. Look at the most frequent errors of the "
            "test, and train with transcripts and text that hold those words."
        )
    said = said or (
        "The model is good. Keep this data for tests, and test again when data or "
        "models change."
    )
    return Step(said, "Open the test", standing.test.get_absolute_url())
