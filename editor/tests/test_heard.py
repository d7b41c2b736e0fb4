from __future__ import annotations

from unittest.mock import patch

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from editor import disk, heard
from editor.heard import Heard
from editor.models import EditorSet, Recording
from editor.pieces import Refused
from speechstudio.test import BaseTestCase, tone


class TestHeard(BaseTestCase):
    def heard(self, name: str = "one.wav", text: str = "Hello.") -> Heard:
        where = f"projects/{self.project.pk}/elsewhere/{name}"
        stored = default_storage.save(where, ContentFile(tone(1.5)))
        return Heard(name, stored, 1.5, text)

    def test_copies_are_measured_and_drawn(self) -> None:
        heard.create(self.project, [self.heard()], "Unsure")
        recording = Recording.objects.select_related("sound").get()
        assert recording.seconds == 1.5 and recording.wave
        assert recording.transcript == "Hello." and recording.is_recognised

    def test_a_text_becomes_one_line(self) -> None:
        heard.create(self.project, [self.heard(text=" one\ntwo ")], "Unsure")
        assert Recording.objects.get().transcript == "one two"

    def test_too_long_together_is_refused(self) -> None:
        with pytest.raises(Refused, match="2 recordings of 5 h"):
            heard.check(2, heard.MOST_SECONDS + 1)

    def test_when_the_disk_runs_full_no_copy_stays(self) -> None:
        made = [self.heard("one.wav"), self.heard("two.wav")]
        measured = [(1.5, b"\1"), disk.DiskFull()]
        with (
            patch.object(heard, "_measured", side_effect=measured),
            pytest.raises(disk.DiskFull),
        ):
            heard.create(self.project, made, "Unsure")
        assert not EditorSet.objects.exists()
        (folder,) = default_storage.listdir(f"projects/{self.project.pk}/editor")[0]
        where = f"projects/{self.project.pk}/editor/{folder}"
        assert default_storage.listdir(where) == ([], [])
