"""The cast of the tests of this room: alice's project is on a resource, which is this
server's own API. What is there belongs to dora."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.utils.timezone import now

from api import keys
from api.tests.transport import ENDPOINT, ApiTransport
from datasets import services as datasets
from datasets.models import Dataset
from engines.azure.retry import Patience
from engines.fake import FakeEngine
from projects import services as projects
from projects.models import Project
from remote import heard, poll, talk, tasks
from remote.bases import refresh
from remote.models import Remote
from resources import connection
from resources.connection import replaced
from resources.models import Resource
from resources.vault import seal
from speechstudio.test import BaseTestCase, fake_engine, make_model
from training.models import SpeechModel

KINDS = " ".join(kind for kind in Dataset.Kind.values)


class Fault(httpx.BaseTransport):
    """The API, but for calls that something else answers. `fault` gives an answer,
    raises, or gives None where nothing is wrong."""

    def __init__(self, fault: Callable[[httpx.Request], httpx.Response | None]) -> None:
        self.inner = ApiTransport()
        self.fault = fault

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return self.fault(request) or self.inner.handle_request(request)


class RemoteTestCase(BaseTestCase):
    """`self.project` is on the resource; `self.api` is the way there."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.dora = User.objects.create_user("dora", password="pw-of-dora")
        cls.root = User.objects.create_superuser("root", password="pw-of-root")
        plain = keys.make(cls.dora, "there")[1]
        cls.resource = Resource.objects.create(
            key="west", name="West", endpoint=ENDPOINT, sealed_key=seal(plain)
        )
        Project.objects.filter(pk=cls.project.pk).update(engine="west")
        cls.project = Project.objects.get(pk=cls.project.pk)
        make_model("base", adapts_with=KINDS, languages="en")

    def setUp(self) -> None:
        super().setUp()
        self.api = ApiTransport()
        self.enterContext(self.swapped(self.api))
        self.enterContext(fake_engine(FakeEngine()))
        # One connection to the database: nothing in other threads.
        for module in (poll, heard):
            self.addCleanup(setattr, module, "AT_ONCE", module.AT_ONCE)
            module.AT_ONCE = 1
        self.home = projects.create(self.dora, self.project.name, "en-US")
        Project.objects.filter(pk=self.home.pk).update(engine="fake")
        self.home.refresh_from_db()
        address = f"{ENDPOINT}/speechtotext/projects/{self.home.pk}"
        Remote.objects.create(
            kind="project",
            local=self.project.pk,
            project=self.project,
            resource=self.resource,
            address=address,
        )
        refresh(self.resource)
        self.base = SpeechModel.objects.get(engine="west", project=None)

    @contextmanager
    def swapped(self, transport: httpx.BaseTransport) -> Iterator[None]:
        """Have this answer what is asked of the resource, without pauses."""
        before = connection._replaced.get(ENDPOINT)
        quick = Patience(tries=1, total=5.0)
        talk.WORKING, kept = quick, talk.WORKING
        try:
            with replaced(ENDPOINT, transport):
                yield
        finally:
            talk.WORKING = kept
            if before:
                connection._replaced[ENDPOINT] = before

    def rounds(self, count: int = 6) -> None:
        """Let time pass: all that is due is asked, and done."""
        for _ in range(count):
            Remote.objects.exclude(next_poll=None).update(next_poll=now())
            with self.on_commit():
                tasks.poll()

    def text(self, project: Project | None = None) -> Dataset:
        """A dataset of sentences, as it came."""
        file = ContentFile(b"\xef\xbb\xbfone two\nthree four\n", name="text.txt")
        with self.on_commit():
            made = datasets.upload(
                project or self.project, "Sentences", file, kind="Language"
            )
        made.refresh_from_db()
        return made
