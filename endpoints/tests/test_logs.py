from __future__ import annotations

import errno
import json
import logging
import wave
from datetime import timedelta
from unittest.mock import patch
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.timezone import now
from kombu.exceptions import OperationalError

from editor import disk
from endpoints import logs
from endpoints.models import LogEntry
from endpoints.tasks import tidy_logs
from endpoints.tests.logs import PCM, keep, make_endpoint
from speechstudio.celery import app
from speechstudio.test import BaseTestCase


class LogsTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.endpoint = make_endpoint(self.project)
        self.folder = f"{self.endpoint.folder}/logs"

    def files(self) -> list[str]:
        try:
            return sorted(default_storage.listdir(self.folder)[1])
        except FileNotFoundError:
            return []


class TestKeeping(LogsTestCase):
    def test_a_session_is_a_pair_of_files_and_a_row(self) -> None:
        entry = keep(self.endpoint, "Zwölf Ampullen.", 0.75)
        stem = f"{entry.created:%Y-%m-%d_%H%M%S}__{entry.pk}"
        assert self.files() == [f"{stem}.v2.json", f"{stem}.wav"]
        assert (entry.text, entry.confidence) == ("Zwölf Ampullen.", 0.75)
        assert entry.audio == f"{self.folder}/{stem}.wav"
        with default_storage.open(entry.transcript) as file:
            assert json.load(file)["DisplayText"] == "Zwölf Ampullen."

    def test_the_sound_is_kept_as_it_was_heard(self) -> None:
        entry = keep(self.endpoint)
        with default_storage.open(entry.audio) as file, wave.open(file) as sound:
            form = sound.getframerate(), sound.getnchannels(), sound.getsampwidth()
            assert form == (16_000, 1, 2)
            assert sound.readframes(sound.getnframes()) == PCM

    def test_an_answer_without_words_has_no_confidence(self) -> None:
        assert keep(self.endpoint, "", None).confidence is None

    def test_nothing_is_kept_without_sound(self) -> None:
        logs.keep(self.endpoint.pk, b"", {}, "", None, 0.0)
        assert not LogEntry.objects.exists() and not self.files()

    def test_nothing_is_kept_of_an_endpoint_that_is_gone(self) -> None:
        logs.keep(uuid4(), PCM, {}, "one", 0.5, 0.5)
        assert not LogEntry.objects.exists()

    def test_on_a_full_disk_nothing_is_kept_and_the_log_says_so(self) -> None:
        with (
            patch.object(logs, "look_ahead", side_effect=disk.DiskFull),
            self.assertLogs("endpoints.logs", logging.WARNING) as told,
        ):
            logs.keep(self.endpoint.pk, PCM, {}, "one", 0.5, 0.5)
        assert "disk is full" in told.output[0]
        assert not LogEntry.objects.exists() and not self.files()

    def test_a_disk_that_runs_full_leaves_no_half_of_a_pair(self) -> None:
        whole = default_storage.save

        def save(name: str, content: ContentFile) -> str:
            if name.endswith(".json"):
                raise OSError(errno.ENOSPC, "No space left on device")
            return whole(name, content)

        with (
            patch.object(default_storage, "save", save),
            self.assertLogs("endpoints.logs", logging.WARNING),
        ):
            logs.keep(self.endpoint.pk, PCM, {}, "one", 0.5, 0.5)
        assert not LogEntry.objects.exists() and not self.files()

    def test_what_is_deleted_while_it_is_kept_leaves_no_sound(self) -> None:
        whole = default_storage.save

        def save(name: str, content: ContentFile) -> str:
            self.endpoint.delete()
            return whole(name, content)

        with patch.object(default_storage, "save", save):
            logs.keep(self.endpoint.pk, PCM, {}, "one", 0.5, 0.5)
        assert not LogEntry.objects.exists() and not self.files()

    def test_whatever_fails_is_told_to_the_log_and_to_nobody_else(self) -> None:
        with (
            patch.object(LogEntry, "save", side_effect=RuntimeError("broken")),
            self.assertLogs("endpoints.logs", logging.ERROR) as told,
        ):
            logs.keep(self.endpoint.pk, PCM, {}, "one", 0.5, 0.5)
        assert "could not be logged" in told.output[0] and not self.files()


class TestDeleting(LogsTestCase):
    def test_rows_go_with_their_files(self) -> None:
        gone, kept = keep(self.endpoint, "gone"), keep(self.endpoint, "kept")
        chosen = self.endpoint.log_entries.filter(pk=gone.pk)
        assert logs.delete(chosen) == 1
        assert self.endpoint.log_entries.get() == kept
        assert all(str(kept.pk) in name for name in self.files())

    def test_the_files_of_many_go_after_their_rows(self) -> None:
        for _ in range(3):
            keep(self.endpoint)
        with (
            patch.multiple(logs, AT_ONCE=2, _BATCH=2),
            self.captureOnCommitCallbacks() as later,
        ):
            assert logs.delete(self.endpoint.log_entries.all()) == 3
        assert len(self.files()) == 6
        with patch.object(logs.current_app, "signature") as sent:
            later[0]()
        sent.assert_called_once_with(tidy_logs.name)
        tidy_logs()
        assert not self.files()

    def test_without_a_broker_they_wait_for_the_next_round(self) -> None:
        with patch.object(logs.current_app, "signature") as sent:
            sent.return_value.apply_async.side_effect = OperationalError
            logs._send_tidy()

    def test_the_sound_or_the_transcript_goes_alone(self) -> None:
        parts: list[logs.Part] = ["audio", "transcript"]
        for part, other in (parts, parts[::-1]):
            entry = keep(self.endpoint, "one two", 0.4)
            self.delete_part(entry, part)
            row = self.endpoint.log_entries.get()
            assert not getattr(row, part)
            assert self.files() == [getattr(entry, other).rpartition("/")[2]]
            if part == "transcript":
                assert (row.text, row.confidence) == ("", None)
            self.delete_part(row, part)  # once more
            assert self.endpoint.log_entries.exists()
            # Asked with what was read before.
            self.delete_part(entry, other)
            assert not self.endpoint.log_entries.exists() and not self.files()
            self.delete_part(entry, other)

    def delete_part(self, entry: LogEntry, part: logs.Part) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            logs.delete_part(entry, part)

    def test_a_part_stays_when_its_row_does(self) -> None:
        entry = keep(self.endpoint)
        with (
            patch.object(LogEntry, "save", side_effect=RuntimeError("broken")),
            pytest.raises(RuntimeError),
        ):
            logs.delete_part(entry, "audio")
        assert default_storage.exists(entry.audio)

    def test_what_came_later_stays(self) -> None:
        seen, later = keep(self.endpoint, "seen"), keep(self.endpoint, "later")
        assert logs.delete(self.endpoint.log_entries.all(), seen.created) == 1
        assert self.endpoint.log_entries.get() == later
        assert len(self.files()) == 2

    def test_an_entry_whose_files_are_gone_goes_as_well(self) -> None:
        entry = keep(self.endpoint)
        default_storage.delete(entry.audio)
        assert logs.delete(self.endpoint.log_entries.all()) == 1
        assert not self.files()


class TestTidying(LogsTestCase):
    def test_after_30_days_a_log_is_deleted(self) -> None:
        old, young = keep(self.endpoint, "old"), keep(self.endpoint, "young")
        LogEntry.objects.filter(pk=old.pk).update(created=self.ago(30, minutes=1))
        LogEntry.objects.filter(pk=young.pk).update(created=self.ago(29))
        tidy_logs()
        assert self.endpoint.log_entries.get() == young
        assert len(self.files()) == 2

    def test_files_without_a_row_are_deleted(self) -> None:
        entry = keep(self.endpoint)
        name = f"{self.folder}/{now():%Y-%m-%d_%H%M%S}__{uuid4()}.wav"
        default_storage.save(name, ContentFile(b"RIFF"))
        tidy_logs()
        assert len(self.files()) == 2 and default_storage.exists(entry.audio)

    def test_when_it_takes_long_others_get_their_turn(self) -> None:
        keep(self.endpoint)
        LogEntry.objects.all().delete()
        assert not logs.tidy(seconds=-1) and len(self.files()) == 2
        with (
            patch.object(logs, "tidy", return_value=False),
            patch.object(tidy_logs, "delay") as again,
        ):
            tidy_logs()
        again.assert_called_once_with()

    def test_an_endpoint_without_logs_is_passed_over(self) -> None:
        tidy_logs()

    def test_it_is_done_every_hour(self) -> None:
        assert app.conf.beat_schedule["tidy-logs"]["task"] == tidy_logs.name

    @staticmethod
    def ago(days: int, minutes: int = 0):  # type: ignore[no-untyped-def]
        return now() - timedelta(days=days, minutes=minutes)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-02-30", "31.05.2026", "0"])
def test_what_is_no_day_is_refused_with_a_code(text: str) -> None:
    with pytest.raises(logs.InvalidLogDate) as refused:
        logs.day_of(text)
    assert refused.value.code == "InvalidLogDate"
