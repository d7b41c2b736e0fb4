from __future__ import annotations

from unittest.mock import patch

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from kombu.exceptions import OperationalError

from projects import storage
from projects.tasks import remove_files
from speechstudio.test import BaseTestCase


class DeleteLaterTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.folder = storage.folder_of(self.project)
        self.name = default_storage.save(f"{self.folder}/a/b.txt", ContentFile(b"x"))

    def test_a_worker_is_sent_once_it_is_committed(self) -> None:
        with (
            patch.object(storage.current_app, "signature") as sent,
            self.captureOnCommitCallbacks(execute=True),
        ):
            storage.delete_later(self.folder)
            assert not sent.called
        sent.assert_called_once_with(remove_files.name, args=[self.folder])

    def test_without_a_broker_the_files_go_at_once(self) -> None:
        with (
            patch.object(storage.current_app, "signature") as sent,
            self.captureOnCommitCallbacks(execute=True),
        ):
            sent.return_value.apply_async.side_effect = OperationalError
            storage.delete_later(self.folder)
        assert not default_storage.exists(self.name)
