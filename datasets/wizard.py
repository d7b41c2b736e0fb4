"""The wizard for a new dataset."""

from __future__ import annotations

import io
import secrets
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from datasets import examples, services, uploads
from datasets.fetch import file_name, shown_address
from datasets.forms import NewDatasetForm, SourceForm, limits_of, name_of
from datasets.incoming import Upload
from datasets.kinds import BY_VALUE, KINDS, Kind, offered
from datasets.models import Dataset
from datasets.uploads import UploadError, unused
from projects.access import project_for
from projects.locales import language_name
from projects.models import Project, Role
from projects.requests import Request
from projects.wizard import Wizard

_WIZARD = Wizard(
    "dataset-step",
    {
        "use": ("Use", ("use",)),
        "kind": ("Type", ("kind",)),
        "source": ("Source", ("upload", "address")),
        "name": ("Name", ("name", "description", "is_normalized")),
        "review": ("Review", ()),
    },
)
# Answers of the source step that must not be in any address.
_NOT_KEPT = {"source": "", "url": "", "file": ""}
_MAX_ADDRESSES = 20  # kept for a person at once
# Why a type is not offered in a language.
_REASONS = {
    Dataset.Kind.AUDIO: "audio alone can train in English only",
    Dataset.Kind.TRANSCRIPT: "the voice that speaks the texts knows English only",
    Dataset.Kind.OUTPUT_FORMAT: "there are no rules for this language",
}


@require_safe
def start(request: Request, project_id: UUID) -> HttpResponse:
    """To the first step that the address does not answer."""
    project = project_for(request.user, project_id, Role.EDITOR)
    step = _WIZARD.first_wrong(_form(request, project, "use"), "review") or "review"
    return redirect(_WIZARD.address(request, project_id, step))


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: Request, project_id: UUID, step: str) -> HttpResponse:
    project = project_for(request.user, project_id, Role.EDITOR)
    _WIZARD.check(step)
    is_post = request.method == "POST"
    if is_post and step == "review" and (former := _made_before(request, project)):
        return redirect(former)
    form = _form(request, project, step)
    wrong = _WIZARD.first_wrong(form, before=step)
    if wrong:
        return redirect(
            _WIZARD.address(request, project_id, wrong, **_NOT_KEPT, tried="1")
        )
    if is_post and step == "source":
        return _take(request, form)
    if is_post and step == "review":
        return _save(request, form)
    if "tried" not in request.GET:
        form.errors.clear()
    return _page(request, form, step)


@require_safe
def example(request: Request, kind: str) -> HttpResponseBase:
    """A small file of this kind, as it should be, in the language of `locale`."""
    if kind not in BY_VALUE:
        raise Http404("No such type.")
    one, locale = BY_VALUE[kind], request.GET.get("locale", examples.DEFAULT)
    return FileResponse(
        io.BytesIO(examples.content(one, locale)),
        as_attachment=True,
        filename=examples.name_of(one, locale),
    )


@require_POST
def discard(request: Request, upload_id: UUID) -> HttpResponse:
    """Delete what was uploaded and not used, and go back to the page."""
    upload = get_object_or_404(Upload, pk=upload_id, user=request.user)
    project = project_for(request.user, upload.project_id, Role.EDITOR)
    upload.discard()
    more = {} if request.POST.get("upload") != str(upload_id) else {"upload": ""}
    return redirect(_WIZARD.address(request, project.pk, "source", **more))


def _form(request: Request, project: Project, step: str) -> NewDatasetForm:
    answers = request.POST or request.GET
    addresses = request.session.get("addresses", {})

    def made(data: Any) -> NewDatasetForm:
        form = NewDatasetForm(
            data, project=project, user=request.user, addresses=addresses
        )
        form.full_clean()
        return form

    form = made(answers)
    if step == "name" and "name" not in answers and form.errors.keys() <= {"name"}:
        named = answers.copy()
        named["name"] = name_of(_file_name(form))
        return made(named)
    return form


def _file_name(form: NewDatasetForm) -> str:
    upload: Upload | None = form.cleaned_data["upload"]
    return upload.file_name if upload else file_name(form.cleaned_data["address"])


def _page(
    request: Request,
    form: NewDatasetForm,
    step: str,
    source: SourceForm | None = None,
    refusal: str = "",
) -> HttpResponse:
    project = form.project
    ctx = {
        "project": project,
        "room": "datasets",
        "form": form,
        "step": step,
        "steps": _WIZARD.steps(request, project.pk, step),
        "hidden": _WIZARD.hidden(form, step),
        "list_url": reverse("dataset-list", args=[project.pk]),
        "key": uuid4(),
        "refusal": refusal,
        "of_kind": form.of_kind,
    }
    if step == "kind":
        ctx |= _kinds(form)
    elif step != "use":
        ctx |= _sources(request, form, source)
    status = 422 if source or refusal else 200
    return render(request, f"datasets/new_{step}.html", ctx, status=status)


def _kinds(form: NewDatasetForm) -> dict[str, Any]:
    use = form.cleaned_data["use"]
    locale = form.project.locale
    there = offered(use, locale)
    elsewhere = [kind for kind in KINDS if use in kind.uses and kind not in there]
    return {
        "use": Dataset.Use(use),
        "cards": [(kind, limits_of(kind)) for kind in there],
        "text_language": _other_language(there, locale),
        "has_sound": any(kind.value in examples.WITH_SOUND for kind in there),
        "elsewhere": [(k, _REASONS[Dataset.Kind(k.value)]) for k in elsewhere],
        "other_use": [kind for kind in KINDS if use not in kind.uses],
    }


def _other_language(kinds: list[Kind], locale: str) -> str:
    """The language of the examples of text; empty when it is the project's."""
    texts = [kind for kind in kinds if kind.value not in examples.WITH_SOUND]
    given = {examples.locale_of(kind, locale) for kind in texts} - {locale}
    return ", ".join(map(language_name, given))


def _sources(
    request: Request, form: NewDatasetForm, source: SourceForm | None
) -> dict[str, Any]:
    kind = form.of_kind
    assert kind is not None  # a step before this one asked for it
    upload = form.cleaned_data.get("upload")
    address = form.cleaned_data.get("address")
    waiting = unused(form.project, form.user)[:50]
    return {
        "source": source or _source_form(request, form, kind),
        "block_bytes": settings.UPLOAD_BLOCK_MAX_BYTES,
        "kept_upload": upload,
        "kept_bytes": uploads.size_of(upload) if upload else 0,
        "kept_address": shown_address(address) if address else "",
        "waiting": [
            (one, _WIZARD.address(request, form.project.pk, "name", upload=str(one.pk)))
            for one in waiting
            if one != upload and one.file_name.lower().endswith(kind.suffixes)
        ],
    }


def _source_form(request: Request, form: NewDatasetForm, kind: Kind) -> SourceForm:
    kept = {name: form.cleaned_data.get(name) for name in ("upload", "address")}
    has = {"file": bool(kept["upload"]), "url": bool(kept["address"])}
    if request.method == "POST":
        return SourceForm(request.POST, request.FILES, kind=kind, has=has)
    first = {"source": "url" if has["url"] and not has["file"] else "file"}
    return SourceForm(kind=kind, has=has, initial=first)


def _take(request: Request, form: NewDatasetForm) -> HttpResponse:
    """Keep the file or the address of the source step, and go on."""
    assert form.of_kind is not None
    if form.has_error("upload", "missing"):
        del form.errors["upload"]  # the fields themselves say what is wrong
    source = _source_form(request, form, form.of_kind)
    if not source.is_valid():
        return _page(request, form, "source", source)
    given = source.cleaned_data[source.chosen]
    more = dict(_NOT_KEPT)
    if source.chosen == "url":
        more["upload"] = ""
        if given:
            more["address"] = _keep_address(request, given)
    else:
        more["address"] = ""
        if given:
            try:
                kept = uploads.keep_whole(form.project, request.user, given)
            except UploadError as e:
                source.add_error("file", str(e))
                return _page(request, form, "source", source)
            more["upload"] = str(kept.pk)
    return redirect(_WIZARD.address(request, form.project.pk, "name", **more))


def _keep_address(request: Request, url: str) -> str:
    """A word that stands for the address, which may hold a key, in ours."""
    word = secrets.token_urlsafe(6)
    kept = [*request.session.get("addresses", {}).items(), (word, url)]
    request.session["addresses"] = dict(kept[-_MAX_ADDRESSES:])
    return word


def _save(request: Request, form: NewDatasetForm) -> HttpResponse:
    try:
        dataset = services.create(form.project, **form.answers())
    except services.Refused as e:
        return _page(request, form, "review", refusal=str(e))
    kept = request.session.get("addresses", {})
    if kept.pop(request.POST.get("address", ""), None):
        request.session["addresses"] = kept
    return redirect(dataset)


def _made_before(request: Request, project: Project) -> Dataset | None:
    """What the same review made when it was sent first."""
    try:
        key = UUID(request.POST.get("key", ""))
    except ValueError:
        return None
    return Dataset.objects.filter(pk=key, project=project).first()
