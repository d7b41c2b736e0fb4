from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from api import files, operation
from api.operation import at, open_to_all
from api.views import (
    base_models,
    blocks,
    copies,
    dataset_upload,
    datasets,
    endpoints,
    evaluations,
    logs,
    models,
    openapi,
    projects,
    transcriptions,
    webhooks,
)

_operations = [
    path("projects/locales", at(GET=projects.locales)),
    path("projects", at(GET=projects.index, POST=projects.create)),
    path(
        "projects/<uuid:id>",
        at(GET=projects.show, PATCH=projects.update, DELETE=projects.delete),
    ),
    path("projects/<uuid:id>/datasets", at(GET=datasets.of_project)),
    path("datasets/locales", at(GET=datasets.locales)),
    path("datasets/upload", at(POST=dataset_upload.create)),
    path("datasets", at(GET=datasets.index, POST=datasets.create)),
    path(
        "datasets/<uuid:id>",
        at(GET=datasets.show, PATCH=datasets.update, DELETE=datasets.delete),
    ),
    path("datasets/<uuid:id>/blocks", at(GET=blocks.index, PUT=blocks.put)),
    path("datasets/<uuid:id>/blocks:commit", at(POST=blocks.commit)),
    path("datasets/<uuid:id>/files", at(GET=datasets.files)),
    path("datasets/<uuid:id>/files/<uuid:file_id>", at(GET=datasets.file)),
    path("projects/<uuid:id>/endpoints", at(GET=endpoints.of_project)),
    path("endpoints/locales", at(GET=endpoints.locales)),
    path("endpoints", at(GET=endpoints.index, POST=endpoints.create)),
    path(
        "endpoints/<uuid:id>",
        at(GET=endpoints.show, PATCH=endpoints.update, DELETE=endpoints.delete),
    ),
    path("endpoints/<uuid:id>/files/logs", at(GET=logs.index, DELETE=logs.delete_all)),
    path(
        "endpoints/<uuid:id>/files/logs/<str:log_id>",
        at(GET=logs.show, DELETE=logs.delete),
    ),
    path(
        "endpoints/base/<str:locale>/files/logs",
        at(GET=logs.of_base_models, DELETE=logs.of_base_models),
    ),
    path(
        "endpoints/base/<str:locale>/files/logs/<str:log_id>",
        at(GET=logs.of_base_models, DELETE=logs.of_base_models),
    ),
    path("projects/<uuid:id>/transcriptions", at(GET=transcriptions.of_project)),
    path("transcriptions/locales", at(GET=transcriptions.locales)),
    path("transcriptions", at(GET=transcriptions.index, POST=transcriptions.create)),
    path("transcriptions:submit", at(POST=transcriptions.submit)),
    path(
        "transcriptions/<uuid:id>",
        at(
            GET=transcriptions.show,
            PATCH=transcriptions.update,
            DELETE=transcriptions.delete,
        ),
    ),
    path("transcriptions/<uuid:id>/files", at(GET=transcriptions.files)),
    path(
        "transcriptions/<uuid:id>/files/<uuid:file_id>",
        at(GET=transcriptions.file),
    ),
    path("projects/<uuid:id>/models", at(GET=models.of_project)),
    path("models/locales", at(GET=models.locales)),
    path("models/base", at(GET=base_models.index)),
    path("models/base/<uuid:id>", at(GET=base_models.show)),
    path("models/base/<uuid:id>/manifest", at(GET=base_models.manifest)),
    path("models", at(GET=models.index, POST=models.create)),
    path(
        "models/<uuid:id>",
        at(GET=models.show, PATCH=models.update, DELETE=models.delete),
    ),
    path("models:authorizecopy", at(POST=copies.authorize)),
    path("models/<uuid:id>:copy", at(POST=copies.copy)),
    path("operations/models/copy/<uuid:id>", at(GET=copies.operation)),
    path("models/<uuid:id>/manifest", at(GET=models.manifest)),
    path("models/<uuid:id>/files", at(GET=models.files)),
    path("models/<uuid:id>/files/<uuid:file_id>", at(GET=models.file)),
    path("projects/<uuid:id>/evaluations", at(GET=evaluations.of_project)),
    path("evaluations/locales", at(GET=evaluations.locales)),
    path("evaluations", at(GET=evaluations.index, POST=evaluations.create)),
    path(
        "evaluations/<uuid:id>",
        at(GET=evaluations.show, PATCH=evaluations.update, DELETE=evaluations.delete),
    ),
    path("evaluations/<uuid:id>/files", at(GET=evaluations.files)),
    path("evaluations/<uuid:id>/files/<uuid:file_id>", at(GET=evaluations.file)),
    path("webhooks", at(GET=webhooks.index, POST=webhooks.create)),
    path(
        "webhooks/<uuid:id>",
        at(GET=webhooks.show, PATCH=webhooks.update, DELETE=webhooks.delete),
    ),
    path("webhooks/<uuid:id>:ping", at(POST=webhooks.ping)),
    path("webhooks/<uuid:id>:test", at(POST=webhooks.test)),
    path("webhooks/<uuid:id>/deliveries", at(GET=webhooks.deliveries)),
    path("webhooks/<uuid:id>/deliveries:resend", at(POST=webhooks.send_again)),
    path("<path:path>", csrf_exempt(login_not_required(operation.unknown))),
]

urlpatterns = [
    path("api/", openapi.reference, name="api-reference"),
    path("speechtotext/openapi.json", openapi.document, name="api-document"),
    path("", include("api.key_urls")),
    path("", include("api.hook_urls")),
    path(
        "speechtotext/files/<str:collection>/<uuid:id>/<uuid:file_id>/<path:name>",
        open_to_all(files.fetch),
    ),
    path("speechtotext/v3.2/", include(_operations)),
    path("speechtotext/", include(_operations)),
]
