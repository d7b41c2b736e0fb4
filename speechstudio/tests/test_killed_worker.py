"""A worker is killed in the middle of a test, and the test still ends right."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from speechstudio.tests.studio import post, running, sign_in, wait_for

SAMPLE = Path(__file__).parent.parent / "sample" / "testing.zip"
FIGURES = "SELECT words, insertions, deletions, substitutions, sentences"


@pytest.mark.real
def test_a_killed_worker_costs_what_it_had_in_hand_and_no_more(tmp_path: Path) -> None:
    with running(tmp_path) as studio, sign_in(studio) as client:
        # The sample project's own test: the same speech, recognised in peace.
        wait_for(lambda: studio.rows(_STATUS, "Succeeded"))
        project, dataset, model, peaceful = studio.rows(
            "SELECT e.project_id, e.dataset_id, c.model_id, e.id"
            " FROM evaluations_evaluation e"
            " JOIN evaluations_candidate c ON c.evaluation_id = e.id"
        )[0]
        first = studio.rows(f"{FIGURES} FROM evaluations_candidate")[0]
        # What was heard would be taken over, and nothing recognised.
        post(client, f"/tests/{_uuid(peaceful)}/delete/", {})
        page = post(
            client,
            f"/projects/{_uuid(project)}/tests/new/review/",
            {"dataset": _uuid(dataset), "models": _uuid(model), "name": "Killed"},
        )
        key = re.search(r"/tests/([0-9a-f-]+)/", str(page.url))
        assert key is not None
        test = key[1].replace("-", "")

        # In the middle of a shard: between two of them nothing would be lost.
        wait_for(lambda: studio.rows(_DONE, test)[0][0] >= 3 and studio.rows(_RUNNING))
        killed = studio.workers()
        assert killed
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        kept = studio.rows(_DONE, test)[0][0]
        wait_for(lambda: studio.rows(f"{_STATUS} AND id = ?", "Succeeded", test))

        total = studio.rows(
            "SELECT accepted FROM datasets_dataset WHERE id = ?", dataset
        )
        assert studio.rows(_DONE, test) == [total[0]]
        assert kept < total[0][0]
        losses = studio.rows(
            "SELECT max(losses) FROM evaluations_shard s JOIN evaluations_candidate c"
            " ON s.candidate_id = c.id WHERE c.evaluation_id = ?",
            test,
        )
        assert losses == [(1,)]
        # Not one utterance is missing or counted twice: its words are the same.
        (second,) = studio.rows(f"{FIGURES} FROM evaluations_candidate")
        assert (first[0], first[4]) == (second[0], second[4])
        assert "Word" in client.get(f"/tests/{key[1]}/").text


_STATUS = "SELECT 1 FROM evaluations_evaluation WHERE status = ?"
_RUNNING = "SELECT 1 FROM evaluations_shard WHERE status = 'Running'"
_DONE = "SELECT done FROM evaluations_evaluation WHERE id = ?"


def _uuid(key: str) -> str:
    return f"{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:]}"
