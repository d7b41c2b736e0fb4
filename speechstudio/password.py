"""Change one's own password."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.password_validation import password_validators_help_texts
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_http_methods


class PasswordForm(PasswordChangeForm):
    """Django's, with its advice in one line: a list does not fit into ours."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        advice = " ".join(password_validators_help_texts())
        self.fields["new_password1"].help_text = advice


@require_http_methods(["GET", "POST"])
def change_password(request: HttpRequest) -> HttpResponseBase:
    """Django's page, but it says that it was done, and where people go on."""
    response = PasswordChangeView.as_view(
        form_class=PasswordForm, success_url=reverse("project-list")
    )(request)
    if response.status_code == 302:
        messages.success(request, "Your password was changed.")
    return response
