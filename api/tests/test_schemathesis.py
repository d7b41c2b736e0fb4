"""Calls that schemathesis makes up from the document, good ones and bad ones: whatever
comes is answered as the document says, and never by an error of the server."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.db import transaction
from django.test import override_settings
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api import keys
from api.models import WebHook
from api.tests.case import ApiTestCase, reference
from api.views.openapi import contract
from datasets.models import Dataset
from endpoints.models import Endpoint
from speechstudio.test import make_dataset, make_evaluation, make_model
from transcriptions.models import Transcription

_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# Of each operation, good ones and bad ones; the same in every run.
_FEW = settings(
    max_examples=3,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
_MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


@override_settings(ALLOWED_HOSTS=["*"])
class SchemathesisTestCase(ApiTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        key = keys.make(cls.alice, "of the project", project=cls.project)[1]
        cls.headers = {"Ocp-Apim-Subscription-Key": key, "Accept-Encoding": "identity"}
        dataset = make_dataset(cls.project, kind=Dataset.Kind.ACOUSTIC)
        base, model = make_model(), make_model("custom", project=cls.project)
        test = make_evaluation(cls.project, dataset, [base, model])
        waiting = Dataset.objects.create(
            project=cls.project, kind=Dataset.Kind.ACOUSTIC, name="Waiting"
        )
        endpoint = Endpoint.objects.create(
            project=cls.project, model=model, name="Endpoint"
        )
        batch = Transcription.objects.create(
            project=cls.project, model=base, name="Batch"
        )
        hook = WebHook.objects.create(
            user=cls.alice,
            project=cls.project,
            name="Hook",
            url="https://hooks.example/",
            events=["modelCompletion"],
            base="http://testserver",
            version="2025-10-15",
            status=WebHook.Status.SUCCEEDED,
        )
        # What is in the path, by its beginning; the longest that fits.
        cls.rows = {
            "/projects": cls.project,
            "/datasets": dataset,
            "/datasets/{id}/blocks": waiting,
            "/models": model,
            "/models/base": base,
            "/evaluations": test,
            "/endpoints": endpoint,
            "/transcriptions": batch,
            "/webhooks": hook,
        }
        # What is in a body: without these every call would end at the first field.
        cls.fields = {
            "locale": cls.project.locale,
            "project": reference("projects", cls.project),
            "dataset": reference("datasets", dataset),
            "model": reference("models/base", base),
            "model1": reference("models", model),
            "model2": reference("models/base", base),
            "baseModel": reference("models/base", base),
        }

    def test_whatever_comes_is_answered_as_documented(self) -> None:
        schema = schemathesis.openapi.from_dict(copy.deepcopy(contract()))
        schema.app = _answer
        self.statuses: set[int] = set()
        for found in schema.get_all_operations():
            operation = found.ok()
            for mode in _MODES:
                with self.subTest(operation.label, mode=mode):
                    self._try(operation, mode)
        # Or the calls would end before they mean anything.
        assert {200, 201, 202, 204, 400, 404} <= self.statuses, self.statuses

    def _try(self, operation: Any, mode: GenerationMode) -> None:
        strategy = operation.as_strategy(
            generation_mode=mode, path_parameters=self._in_path(operation.path)
        )

        @_FEW
        @given(case=strategy)
        def ask(case: Any) -> None:
            if mode == GenerationMode.POSITIVE and isinstance(case.body, dict):
                case.body |= {n: self.fields[n] for n in case.body if n in self.fields}
            with _undone():
                answer = case.call(
                    base_url="http://testserver/speechtotext", headers=self.headers
                )
            self.statuses.add(answer.status_code)
            case.validate_response(answer, checks=_CHECKS)

        ask()

    def _in_path(self, path: str) -> dict[str, str]:
        fits = [name for name in self.rows if path.startswith(name)]
        row = self.rows[max(fits, key=len)] if fits else self.project
        return {
            "id": str(row.pk),
            "fileId": str(self.project.pk),
            "logId": "2026-02-03_101112__unknown_wav",
            "locale": self.project.locale,
            "collection": "datasets",
            "name": "report.json",
        }


def _answer(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """The server, which closes what has come with a call as soon as it is answered."""
    with closing(WSGIHandler()(environ, start_response)) as response:
        return [b"".join(response)]


@contextmanager
def _undone() -> Iterator[None]:
    """What is done within is not there afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
