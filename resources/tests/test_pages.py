from __future__ import annotations

from typing import Any

import httpx
import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import override_settings
from django.urls import reverse

from engines.azure.errors import AzureError, Kind
from projects.models import Project
from resources import services
from resources.connection import client_of, replaced
from resources.models import Resource
from speechstudio.test import BaseTestCase

KEY = "0123456789abcdef0123456789abcdef"
REGION = "https://westeurope.api.cognitive.microsoft.com"


def answering(status: int = 200, **more: Any) -> httpx.MockTransport:
    more = more or {"json": {"values": []}}
    return httpx.MockTransport(lambda request: httpx.Response(status, **more))


class ResourcesTestCase(BaseTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.root = User.objects.create_superuser("root", password="pw-of-root")

    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.root)

    def add(self, **answers: str) -> HttpResponse:
        given = {"name": "West Europe", "endpoint": "westeurope", "key": KEY}
        with replaced(REGION, answering()):
            return self.client.post(
                reverse("resource-create"), given | answers, follow=True
            )

    def test_one_is_added_by_its_region_and_tested(self) -> None:
        page = self.add()
        assert "answers, in version 2025-10-15" in page.content.decode()
        resource = Resource.objects.get()
        assert (resource.key, resource.endpoint) == ("west-europe", REGION)

    def test_the_key_is_stored_encrypted_and_never_shown(self) -> None:
        page = self.add()
        resource = Resource.objects.get()
        assert KEY not in resource.sealed_key
        addresses = [
            reverse("resource-list"),
            reverse("resource-key", args=[resource.pk]),
            reverse("resource-delete", args=[resource.pk]),
        ]
        shown = [page, *(self.client.get(address) for address in addresses)]
        # What is typed is not sent back either when something else is wrong.
        shown.append(self.add(endpoint="nowhere at all"))
        assert all(KEY not in one.content.decode() for one in shown)
        with client_of(resource) as client:
            assert client._key == KEY

    def test_what_is_wrong_with_a_connection_is_said(self) -> None:
        self.add()
        resource = Resource.objects.get()
        refused = {"error": {"code": "401", "message": "Access denied."}}
        for transport, words in (
            (answering(401, json=refused), "Access denied. Each resource has keys"),
            (answering(403), "check its network rules"),
            (answering(404), "no Speech to text API"),
            (answering(200, html="<p>Hi</p>"), "answers with a web page"),
            (answering(302), "redirect"),
            (httpx.MockTransport(_refuse), "refuses the connection"),
        ):
            with self.subTest(words), replaced(REGION, transport):
                address = reverse("resource-check", args=[resource.pk])
                page = self.client.post(address, follow=True)
                assert words in page.content.decode().replace("&#x27;", "'")
                resource.refresh_from_db()
                assert words in resource.problem
        with replaced(REGION, answering()):
            assert services.check(resource) == ""

    def test_a_new_key_takes_the_place_of_the_old_one(self) -> None:
        self.add()
        resource = Resource.objects.get()
        with replaced(REGION, answering(401)):
            self.client.post(
                reverse("resource-key", args=[resource.pk]), {"key": "b" * 32}
            )
        resource.refresh_from_db()
        assert resource.problem
        with client_of(resource) as client:
            assert client._key == "b" * 32

    def test_bad_input_is_refused_by_its_field(self) -> None:
        self.add()
        for answers, words in (
            ({"name": ""}, "This field is required"),
            ({"name": "West Europe"}, "Another resource has this name"),
            ({"endpoint": "nowhere at all"}, "An endpoint is the name of a region"),
            ({"endpoint": "https://a:b@c.example"}, "An endpoint is"),
            ({"endpoint": "file:///etc/passwd"}, "An endpoint is"),
            ({"endpoint": "http://speech.example"}, "could read the key"),
            ({"endpoint": "http://169.254.169.254"}, "could read the key"),
            ({"key": "a b"}, "a sign that no key has"),
        ):
            with self.subTest(answers):
                page = self.add(**({"name": "Another"} | answers))
                assert page.status_code == 422
                assert words in page.content.decode()
        assert Resource.objects.count() == 1

    @override_settings(FETCH_ALLOWED_HOSTS=["speech.intra", "10.0.0.0/8"])
    def test_a_trusted_server_may_be_spoken_to_without_encryption(self) -> None:
        for number, endpoint in enumerate(
            ("http://speech.intra:8000", "http://10.1.2.3", "http://localhost:9")
        ):
            with replaced(endpoint, answering()):
                self.add(name=f"R{number}", endpoint=endpoint)
        assert Resource.objects.count() == 3

    def test_keys_of_engines_are_never_taken_twice(self) -> None:
        for name in ("Whisper", "whisper!", "日本", "A very long name of a resource"):
            services.add(name, REGION, KEY)
        keys = set(Resource.objects.values_list("key", flat=True))
        assert keys == {"whisper-2", "whisper-3", "azure", "a-very-long-name"}

    def test_it_is_not_deleted_while_a_project_uses_it(self) -> None:
        self.add()
        resource = Resource.objects.get()
        Project.objects.filter(pk=self.project.pk).update(engine=resource.key)
        address = reverse("resource-delete", args=[resource.pk])
        assert "1 project uses" in self.client.get(address).content.decode()
        page = self.client.post(address, follow=True)
        assert "as long as a project uses it" in page.content.decode()
        Project.objects.filter(pk=self.project.pk).update(engine="whisper")
        self.client.post(address)
        assert not Resource.objects.exists()

    def test_under_another_secret_key_the_key_is_to_be_entered_again(self) -> None:
        resource = services.add("A", REGION, KEY)
        with (
            override_settings(SECRET_KEY="another"),
            pytest.raises(AzureError, match="Enter it again") as told,
        ):
            client_of(resource)
        assert told.value.kind is Kind.KEY

    def test_only_administrators_find_these_pages(self) -> None:
        self.add()
        key = Resource.objects.get().pk
        self.client.force_login(self.alice)
        for name in ("key", "check", "delete"):
            address = reverse(f"resource-{name}", args=[key])
            assert self.client.post(address).status_code == 404
        for name in ("resource-list", "resource-create"):
            assert self.client.get(reverse(name)).status_code == 404
        project_list = self.client.get(reverse("project-list")).content.decode()
        assert reverse("resource-list") not in project_list
        self.client.force_login(self.root)
        project_list = self.client.get(reverse("project-list")).content.decode()
        assert reverse("resource-list") in project_list

    def test_a_project_is_made_on_one_of_the_engines(self) -> None:
        page = self.client.get(reverse("project-create")).content.decode()
        assert "Engine" not in page
        self.add()
        page = self.client.get(reverse("project-create")).content.decode()
        assert page.index("This server") < page.index(">West Europe<")
        new = {"name": "Ward", "locale": "en-US", "engine": "west-europe"}
        self.client.post(reverse("project-create"), new)
        project = Project.objects.get(name="Ward")
        assert project.engine == "west-europe"
        address = reverse("project-settings", args=[project.pk])
        assert "Engine: West Europe" in self.client.get(address).content.decode()
        bad = self.client.post(reverse("project-create"), new | {"engine": "fake"})
        assert bad.status_code == 422


def _refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused") from ConnectionRefusedError()
