"""Webhooks of a whole installation: web server, worker and scheduler tell a program
what happens."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from api.tests.receiver import Receiver, receiver
from api.webhooks.post import signature
from speechstudio.tests.studio import OWNER, ROOT, clean_environment, running, wait_for

pytestmark = pytest.mark.real
SECRET = "open sesame"
VERSION = {"api-version": "2025-10-15"}


def key_of(folder: Path) -> str:
    made = subprocess.run(
        [sys.executable, "manage.py", "createapikey", "--user", OWNER[0]],
        cwd=ROOT,
        env=clean_environment() | {"DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.splitlines()[-1]


def hook_on(client: httpx.Client, there: Receiver) -> None:
    events = ("datasetCreation", "datasetCompletion", "datasetDeletion")
    body = {
        "displayName": "CI",
        "webUrl": there.url,
        "events": dict.fromkeys(events, True),
        "properties": {"secret": SECRET},
    }
    made = client.post("webhooks", json=body).raise_for_status().json()
    wait_for(lambda: client.get(made["self"]).json()["status"] == "Succeeded", 30)


def test_a_program_is_told_what_becomes_of_a_dataset(tmp_path: Path) -> None:
    with (
        running(
            tmp_path, SAMPLE_PROJECT="false", FETCH_ALLOWED_HOSTS="127.0.0.1"
        ) as one,
        receiver() as there,
        httpx.Client(
            base_url=f"{one.url}/speechtotext/",
            params=VERSION,
            headers={"Ocp-Apim-Subscription-Key": key_of(tmp_path)},
        ) as client,
    ):
        hook_on(client, there)
        named = {"displayName": "Ward", "locale": "en-US"}
        client.post("projects", json=named).raise_for_status()
        body = named | {"kind": "Language"}
        made = client.post("datasets", json=body).raise_for_status().json()
        blocks = f"{made['self'].partition('?')[0]}/blocks"
        client.put(blocks, params=VERSION | {"blockid": "MDAx"}, content=b"Good day.\n")
        commit = [{"kind": "Latest", "id": "MDAx"}]
        client.post(f"{blocks}:commit", json=commit).raise_for_status()
        wait_for(lambda: "datasetCompletion" in there.events, 60)
        client.delete(made["self"]).raise_for_status()
        wait_for(lambda: "datasetDeletion" in there.events, 60)
    assert there.events == [
        *("challenge", "datasetCreation", "datasetCompletion", "datasetDeletion")
    ]
    for told in there.told:
        assert told.signature == signature(SECRET, told.body).decode()
    assert there.told[2].json["status"] == "Succeeded"
