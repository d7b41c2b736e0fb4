from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.utils.timezone import now

from endpoints import keys, tokens
from recognition import access
from recognition.access import Caller, Denied, caller_of, forget, renewed, spoken
from recognition.tests.data_plane import DataPlaneTestCase
from speechstudio.test import make_model


class AccessTests(DataPlaneTestCase):
    def found(self, **given: Any) -> Caller:
        forget()
        caller: Caller = async_to_sync(caller_of)(**given)
        return caller

    def again(self, caller: Caller) -> Caller:
        forget()
        found: Caller = async_to_sync(renewed)(caller)
        return found

    def test_who_is_served_is_asked_anew(self) -> None:
        caller = self.found(key=self.key)
        assert self.again(caller) == caller
        other = self.endpoint.serving = make_model("other")
        self.endpoint.save()
        assert self.again(caller).reference == other.reference
        keys.renew(self.endpoint, 1)
        with pytest.raises(Denied):
            self.again(caller)
        page = self.found(token=tokens.for_endpoint(self.endpoint.pk))
        assert self.again(page) == page
        self.endpoint.delete()
        with pytest.raises(Denied):
            self.again(page)

    def test_a_base_model_that_is_gone_is_noticed(self) -> None:
        base = make_model("tried")
        token = tokens.for_base_model(self.project.pk, base.pk)
        caller = self.found(token=token)
        base.delete()
        with pytest.raises(Denied):
            self.again(caller)

    def test_asking_anew_is_not_looked_up_each_time(self) -> None:
        caller = self.found(key=self.key)
        self.again(caller)
        with self.assertNumQueries(0):
            async_to_sync(renewed)(caller)

    def test_key_leads_to_its_endpoint(self) -> None:
        caller = self.found(key=self.key, cid=str(self.endpoint.pk).upper())
        assert caller.endpoint == self.endpoint.pk
        assert (caller.locale, caller.engine) == ("en-US", "fake")
        assert not caller.logging

    def test_renewed_key_is_refused_and_the_other_goes_on(self) -> None:
        other = keys.renew(self.endpoint, 2)
        token = tokens.for_endpoint(self.endpoint.pk, self.found(key=self.key).key)
        assert self.found(token=token).endpoint == self.endpoint.pk
        keys.renew(self.endpoint, 1)
        for given in ({"key": self.key}, {"token": token}):
            with pytest.raises(Denied):
                self.found(**given)
        assert self.found(key=other).endpoint == self.endpoint.pk

    def test_token_ends_after_ten_minutes(self) -> None:
        with patch.object(tokens, "now", lambda: now() - timedelta(minutes=11)):
            token = tokens.for_endpoint(self.endpoint.pk)
        with pytest.raises(Denied, match="expired"):
            self.found(token=token)

    def test_expired_model_falls_back_to_the_newest_base(self) -> None:
        base = make_model("newest")
        model = self.endpoint.serving
        model.transcription_expires = now() - timedelta(days=1)
        model.save()
        caller = self.found(key=self.key)
        assert caller.reference == base.reference

    def test_endpoint_that_does_not_answer_is_forbidden(self) -> None:
        self.endpoint.serving = None
        self.endpoint.save()
        with pytest.raises(Denied) as caught:
            self.found(key=self.key)
        assert (caught.value.status, caught.value.endpoint) == (403, self.endpoint.pk)

    def test_base_model_is_tried_with_a_token_of_the_page(self) -> None:
        base = make_model("tried")
        token = tokens.for_base_model(self.project.pk, base.pk)
        caller = self.found(token=token)
        assert (caller.reference, caller.endpoint) == ("tried", None)
        assert self.again(caller) == caller
        with pytest.raises(Denied):
            self.found(token=token, cid=str(self.endpoint.pk))

    def test_often_asked_is_not_looked_up_each_time(self) -> None:
        self.found(key=self.key)
        with self.assertNumQueries(0):
            async_to_sync(caller_of)(key=self.key)
        with patch.object(access, "KEPT_SECONDS", 0.0), self.assertNumQueries(1):
            async_to_sync(caller_of)(key=self.key)


def test_language_of_the_endpoint_in_all_its_places() -> None:
    caller = Caller(uuid4(), "en-US", "fake", "m")
    assert spoken(caller, "en-gb") == "en-GB"
    assert spoken(caller, "en_latn-us") == "en-Latn-US"
    assert spoken(caller, "en-001") == "en-001"
    assert spoken(caller, "EN") == "en"
    for locale in ("de-DE", "", "english", "en-", "../en", "en-US-Latn", "en-<b>"):
        with pytest.raises(Denied) as caught:
            spoken(caller, locale)
        assert caught.value.status == 400
