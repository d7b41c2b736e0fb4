from __future__ import annotations

import pytest
from django.test import override_settings

from resources.vault import Sealed, seal, unseal


def test_a_secret_comes_back_and_its_stored_form_does_not_show_it() -> None:
    sealed = seal("key of the ward")
    assert "ward" not in sealed
    assert unseal(sealed) == "key of the ward"
    assert unseal(seal("")) == ""


def test_under_another_secret_key_it_stays_sealed() -> None:
    sealed = seal("key of the ward")
    with (
        override_settings(SECRET_KEY="another one"),
        pytest.raises(Sealed, match="another SECRET_KEY"),
    ):
        unseal(sealed)
