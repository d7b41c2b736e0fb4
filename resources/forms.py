from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from django import forms
from django.conf import settings

from engines.azure.address import endpoint_of, is_loopback
from engines.azure.client import AzureClient
from engines.azure.errors import AzureError
from resources.models import Resource

_KEY_WIDGET = forms.PasswordInput(
    attrs={"autocomplete": "off", "spellcheck": "false"}, render_value=False
)


class KeyForm(forms.Form):
    """A key is taken in, and never shown again."""

    key = forms.CharField(
        label="Key",
        max_length=500,
        widget=_KEY_WIDGET,
        help_text="One of the two keys of the resource. It is stored encrypted, and "
        "is not shown again.",
    )

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"]
        try:
            AzureClient("https://localhost", key).close()
        except AzureError as e:
            raise forms.ValidationError(str(e)) from e
        return key


class ResourceForm(KeyForm):
    name = forms.CharField(
        max_length=200, help_text="What people choose when they make a project."
    )
    endpoint = forms.CharField(
        label="Region or endpoint",
        max_length=200,
        help_text="Such as westeurope, or "
        "https://westeurope.api.cognitive.microsoft.com. Another server of this "
        "program is a resource as well: enter its address.",
        widget=forms.TextInput(attrs={"autocapitalize": "off", "spellcheck": "false"}),
    )

    field_order = ["name", "endpoint", "key"]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if Resource.objects.filter(name=name).exists():
            raise forms.ValidationError("Another resource has this name.")
        return name

    def clean_endpoint(self) -> str:
        try:
            endpoint = endpoint_of(self.cleaned_data["endpoint"])
        except AzureError as e:
            raise forms.ValidationError(str(e)) from e
        if endpoint.startswith("http:") and not _may_be_plain(endpoint):
            raise forms.ValidationError(
                "Over http:// anybody on the way could read the key. Use https://, or "
                "name the server in the setting FETCH_ALLOWED_HOSTS."
            )
        return endpoint


def _may_be_plain(endpoint: str) -> bool:
    """Whether the key may go there without encryption: to this machine, and to the
    servers that the settings trust."""
    host = urlsplit(endpoint).hostname or ""
    allowed = settings.FETCH_ALLOWED_HOSTS
    if is_loopback(endpoint) or host in allowed:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    networks = (_network(word) for word in allowed)
    return any(network and address in network for network in networks)


def _network(word: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(word)
    except ValueError:
        return None
