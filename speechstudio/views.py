from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from datasets.models import Dataset
from editor.models import EditorSet, Export
from endpoints.models import Endpoint
from evaluations.models import Evaluation
from jobs.models import Job
from projects.access import projects_of
from projects.models import Role
from projects.requests import Request
from speechstudio.setup import is_fresh
from training.models import Package, SpeechModel
from transcriptions.models import Transcription

_ACTIVE = [Job.Status.NOT_STARTED, Job.Status.RUNNING]
_SHOWN = 10


@login_not_required
@require_safe
def home(request: Request) -> HttpResponse:
    """Send everybody where they can do something."""
    return redirect("setup" if is_fresh() else "project-list")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that was sent after its page had gone stale."""
    ctx = {
        "exception": "This page was open for too long, or you have signed in or out "
        "in another tab meanwhile. Go back, reload it and try again."
    }
    return render(request, "403.html", ctx, status=403)


@require_safe
def job_menu(request: Request) -> HttpResponse:
    """What runs for this person right now, for the top bar."""
    projects = projects_of(request.user)
    jobs: list[
        Dataset
        | EditorSet
        | Endpoint
        | Evaluation
        | Export
        | Package
        | SpeechModel
        | Transcription
    ] = []
    for kind in (Dataset, SpeechModel, EditorSet, Evaluation, Endpoint, Transcription):
        active = kind.objects.filter(status__in=_ACTIVE, project__in=projects)
        jobs += filter(_is_under_way, active.order_by("created")[:_SHOWN])
    exports = Export.objects.filter(
        status__in=_ACTIVE, editor_set__project__in=projects
    )
    jobs += exports.order_by("created")[:_SHOWN]
    packages = Package.objects.filter(
        status__in=_ACTIVE, model__project__in=projects_of(request.user, Role.EDITOR)
    )
    jobs += packages.select_related("model").order_by("created")[:_SHOWN]
    ctx = {
        "jobs": [
            {
                "label": str(job),
                "url": job.get_absolute_url(),
                "share": None if job.is_waiting else job.share,
            }
            for job in jobs
        ]
    }
    return render(request, "shared/_jobs.html", ctx)


def _is_under_way(job: Job) -> bool:
    """Nothing runs for a dataset that waits for its file."""
    return not (isinstance(job, Dataset) and job.awaits_file)
