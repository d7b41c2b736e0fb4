from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.urls import reverse

from projects.access import project_for, projects_of
from projects.models import Role
from projects.services import set_role
from speechstudio.test import BaseTestCase


class AccessTestCase(BaseTestCase):
    def test_it_works(self) -> None:
        project = project_for(self.alice, self.project.pk, Role.OWNER)
        assert project == self.project
        assert project.role == Role.OWNER
        assert project_for(self.bob, self.project.pk).role == Role.VIEWER

    def test_a_stranger_is_told_that_it_does_not_exist(self) -> None:
        for user in (self.charlie, AnonymousUser()):
            with pytest.raises(Http404):
                project_for(user, self.project.pk)
            assert not projects_of(user).exists()

    def test_each_role_may_what_the_lower_ones_may_and_no_more(self) -> None:
        for given in Role:
            set_role(self.project, self.bob.pk, given)
            for asked in Role:
                if list(Role).index(given) <= list(Role).index(asked):
                    assert project_for(self.bob, self.project.pk, asked)
                else:
                    with pytest.raises(PermissionDenied):
                        project_for(self.bob, self.project.pk, asked)

    def test_a_member_is_told_which_role_it_takes(self) -> None:
        self.client.force_login(self.bob)
        page = self.client.get(reverse("dataset-create", args=[self.project.pk]))
        takes = "This takes the role of editor; yours here is viewer."
        self.assertContains(page, takes, status_code=403)

    def test_an_administrator_owns_every_project(self) -> None:
        admin = User.objects.create_superuser("root")
        assert project_for(admin, self.project.pk, Role.OWNER)

    def test_a_closed_account_sees_nothing(self) -> None:
        self.alice.is_active = False
        assert not projects_of(self.alice).exists()
