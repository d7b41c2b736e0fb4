from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from unittest.mock import patch
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.utils.timezone import now

from endpoints import usage, writing
from endpoints.models import Endpoint, Usage
from speechstudio.test import BaseTestCase, make_model


class UsageTests(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.endpoint = Endpoint.objects.create(
            project=self.project, name="Ward", model=make_model()
        )
        self.began = now()

    def note(self, *latencies: float, failed: bool = False) -> None:
        async def noted() -> None:
            for milliseconds in latencies:
                usage.note(self.endpoint.pk, 2.0, milliseconds, failed)

        async_to_sync(noted)()

    def test_figures_are_sums_and_percentiles(self) -> None:
        self.note(*range(1, 101))
        self.note(5_000.0, failed=True)
        usage.flush()
        figures = usage.figures(self.endpoint, self.began)
        assert (figures.requests, figures.failed) == (101, 1)
        assert figures.audio_seconds == 202.0
        assert figures.p50_ms == pytest.approx(51, rel=0.12)
        assert figures.p95_ms == pytest.approx(96, rel=0.12)

    def test_failures_are_no_quick_answers(self) -> None:
        self.note(*[1_000.0] * 10)
        self.note(*[0.0] * 90, failed=True)
        usage.flush()
        figures = usage.figures(self.endpoint, self.began)
        assert (figures.requests, figures.failed) == (100, 90)
        assert figures.p50_ms == pytest.approx(1_000, rel=0.12)

    def test_failures_alone_have_no_percentiles(self) -> None:
        self.note(5.0, failed=True)
        usage.flush()
        figures = usage.figures(self.endpoint, self.began)
        assert figures == usage.Figures(1, 1, 2.0, None, None)

    def test_what_is_written_twice_is_counted_once(self) -> None:
        self.note(10.0)
        usage.flush()
        usage.flush()
        self.note(10.0)
        usage.flush()
        assert Usage.objects.get().requests == 2

    def test_processes_are_added_up(self) -> None:
        self.note(10.0)
        usage.flush()
        row = Usage.objects.get()
        row.pk, row.process = None, uuid4()
        row.save()
        assert usage.figures(self.endpoint, self.began).requests == 2

    def test_nothing_asked_has_no_percentiles(self) -> None:
        figures = usage.figures(self.endpoint, self.began)
        assert figures == usage.Figures(0, 0, 0.0, None, None)

    def test_old_rows_go(self) -> None:
        hour = now().replace(minute=0, second=0, microsecond=0)
        for days in (29, 31):
            Usage.objects.create(
                endpoint=self.endpoint,
                hour=hour - timedelta(days=days),
                process=uuid4(),
                latencies=[1] * 124,
            )
        self.note(10.0)
        with patch.object(usage, "now", lambda: now() + timedelta(hours=1)):
            usage.flush()
        days = [(hour - row.hour).days for row in Usage.objects.order_by("-hour")]
        assert days == [0, 29]

    def test_endpoint_that_is_gone_costs_nothing(self) -> None:
        self.note(10.0)
        self.endpoint.delete()
        usage.flush()
        assert not Usage.objects.exists()

    def test_it_is_written_soon_by_itself(self) -> None:
        async def noted() -> None:
            usage.note(self.endpoint.pk, 2.0, 10.0, failed=False)
            await asyncio.sleep(0.2)

        async def behind(work: Callable[[], None]) -> None:
            # Here, as its own thread does not see what the test has not committed.
            await sync_to_async(work)()

        with (
            patch.object(usage, "_FLUSH_SECONDS", 0.01),
            patch.object(writing, "behind", behind),
        ):
            async_to_sync(noted)()
        assert Usage.objects.get().requests == 1
