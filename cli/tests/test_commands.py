from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import httpx
import pytest

from cli.main import studio
from cli.session import Exit
from cli.tests.case import ENDPOINT, ID, KEY, Server, entity
from cli.wait import Progress

OTHER = "0b9d4e73-f1a2-4d6c-9b58-6e3c7a2d1f55"
DATASET = entity("datasets", displayName="Calls", kind="Acoustic", status="Succeeded")
PROJECT = entity("projects", displayName="Clinic", locale="en-US")


def refused(status: int, code: str = "InvalidLocale") -> httpx.Response:
    inner = {"code": code, "message": "No.", "target": "locale"}
    body = {"code": "x", "message": "Outer.", "innerError": inner}
    return httpx.Response(status, json=body)


@pytest.mark.parametrize(
    "answer, code",
    [
        (refused(400), Exit.REFUSED),
        (refused(409, "InUseViolation"), Exit.REFUSED),
        (refused(404), Exit.NOT_FOUND),
        (refused(401), Exit.KEY),
        (refused(403), Exit.KEY),
        (refused(501), Exit.NETWORK),
        (httpx.Response(200, html="<p>"), Exit.NETWORK),
        (httpx.Response(301), Exit.NETWORK),
    ],
)
def test_each_failure_has_an_exit_code_and_one_line(
    server: Server, answer: httpx.Response, code: Exit
) -> None:
    server.on(f"GET datasets/{ID}", answer)
    result = server.run("dataset", "show", ID)
    assert result.exit_code == code
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert KEY not in result.output


def test_the_inner_code_and_the_field_are_said(server: Server) -> None:
    server.on("POST projects", refused(400))
    result = server.run("project", "create", "--name", "x", "--language", "xx")
    assert result.stderr == "Error: No. (InvalidLocale, locale)\n"


@pytest.mark.parametrize(
    "args, words",
    [
        (("dataset", "show", "7"), "is no ID"),
        (("dataset", "create", "--name", "x", "--kind", "Acoustic"), "--file or --url"),
        (("evaluation", "update", ID), "Say what is to be changed"),
        (("project", "update", ID, "--property", "x"), "NAME=VALUE"),
        (("nothing",), "No such command"),
    ],
)
def test_what_is_wrong_with_the_command_is_said(
    server: Server, args: tuple[str, ...], words: str
) -> None:
    result = server.run(*args)
    assert result.exit_code == Exit.USAGE
    assert words in result.stderr
    assert server.calls == []


def test_without_a_server_it_says_how_to_name_one(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("STUDIO_KEY")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    result = server.run("dataset", "list")
    assert result.exit_code == Exit.USAGE
    assert "studio config" in result.stderr


def test_the_configuration_is_tried_and_kept_for_its_owner_alone(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("STUDIO_ENDPOINT")
    monkeypatch.delenv("STUDIO_KEY")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    file = tmp_path / "speechstudio" / "config.json"
    server.on("GET datasets", refused(401), {"values": []})
    given = {"input": f"{KEY}\n"}
    result = server.run("config", "--endpoint", ENDPOINT, **given)
    assert result.exit_code == Exit.KEY
    assert not file.exists()
    result = server.run("config", "--endpoint", ENDPOINT, **given)
    assert result.exit_code == 0
    assert KEY not in result.output
    assert file.stat().st_mode & 0o777 == 0o600
    assert server.run("dataset", "list").exit_code == 0
    file.write_text("{")
    broken = server.run("dataset", "list")
    assert "studio config" in broken.stderr
    assert broken.exit_code == Exit.USAGE
    monkeypatch.setenv("STUDIO_ENDPOINT", ENDPOINT)
    monkeypatch.setenv("STUDIO_KEY", KEY)
    assert server.run("dataset", "list").exit_code == 0


def test_lists_are_tables_json_or_ids(server: Server) -> None:
    link = f"{ENDPOINT}/speechtotext/datasets?skip=1"
    server.on(
        "GET datasets",
        {"values": [DATASET], "@nextLink": link},
        {"values": [DATASET | {"displayName": "\x1b[31mred"}]},
    )
    table = server.run("dataset", "list").stdout
    assert table.splitlines()[0].split() == [
        *("ID", "DISPLAYNAME", "KIND", "STATUS", "CREATEDDATETIME")
    ]
    assert "?[31mred" in table
    server.on("GET datasets", {"values": [DATASET]})
    shown = server.run("dataset", "list", "--output", "json").stdout
    assert json.loads(shown) == [DATASET]
    assert server.run("dataset", "list", "--output", "id").stdout == f"{ID}\n"


def test_a_field_is_printed_alone(server: Server) -> None:
    endpoint = entity("endpoints", model=entity("models"), properties={"a": {"b": 1}})
    server.on(f"GET endpoints/{ID}", endpoint)
    for field, value in (("model", ID), ("properties.a.b", "1"), ("no", "")):
        result = server.run("endpoint", "show", ID, "--field", field)
        assert result.stdout == f"{value}\n"


def test_where_a_list_comes_from(server: Server) -> None:
    for path, args in (
        (f"projects/{ID}/models", ("model", "list", "--project", ID)),
        ("models/base", ("model", "list", "--base")),
        ("transcriptions", ("batch", "transcription", "list")),
    ):
        server.on(f"GET {path}", {"values": [PROJECT] * 3})
        result = server.run(*args, "--top", "2", "--output", "id")
        assert result.stdout == f"{ID}\n{ID}\n"


def test_a_base_model_is_found_by_its_id(server: Server) -> None:
    server.on(f"GET models/base/{ID}", entity("models/base", displayName="tiny"))
    assert "tiny" in server.run("model", "show", ID).stdout


def test_a_project_is_made_with_the_commit_in_its_name(server: Server) -> None:
    server.on("POST projects", httpx.Response(201, json=PROJECT))
    commit = "0123456789abcdef0123456789abcdef01234567"
    result = server.run(
        *("project", "create", "--name", "Clinic", "--language", "en-US"),
        *("--commit", commit, "--property", "team=a", "--output", "id"),
    )
    assert result.stdout == f"{ID}\n"
    assert server.bodies == [
        {
            "displayName": "Clinic 0123456789",
            "customProperties": {"team": "a", "commit": commit},
            "locale": "en-US",
        }
    ]


def test_a_file_is_sent_and_waited_for(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "calls.zip"
    file.write_bytes(b"PK")
    server.on(f"GET projects/{ID}", PROJECT)
    server.on("POST datasets", DATASET | {"status": "NotStarted"})
    server.on(f"GET datasets/{ID}/blocks", {})
    server.on(f"PUT datasets/{ID}/blocks", httpx.Response(201))
    server.on(f"POST datasets/{ID}/blocks:commit", httpx.Response(200))
    server.on(f"GET datasets/{ID}", DATASET | {"status": "Running"}, DATASET)
    result = server.run(
        *("dataset", "create", "--name", "Calls", "--kind", "acoustic"),
        *("--project", ID, "--file", str(file), "--wait", "--output", "json"),
    )
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == DATASET
    assert result.stderr.splitlines() == [
        *("Calls: NotStarted", "Calls: Running", "Calls: Succeeded")
    ]
    assert server.bodies[0]["locale"] == "en-US"
    assert server.bodies[0]["kind"] == "Acoustic"


def test_a_job_that_fails_says_why(server: Server) -> None:
    error = {"code": "DataImportFailed", "message": "Nothing in it\nis a WAV."}
    failed = DATASET | {"status": "Failed", "properties": {"error": error}}
    server.on(f"GET datasets/{ID}", failed)
    result = server.run("dataset", "status", ID)
    assert result.exit_code == Exit.FAILED
    assert result.stdout == "Failed\n"
    assert result.stderr == "Error: Nothing in it is a WAV. (DataImportFailed)\n"


def test_the_share_that_is_done_is_a_bar() -> None:
    progress = Progress("Calls")
    progress.is_live = True
    progress.tell("Running", 5, 0.5)
    assert progress.last == "\rCalls: Running [##########----------] 50% (0:00:05)"


def test_waiting_ends_in_time_and_as_often_as_the_server_says(server: Server) -> None:
    running = httpx.Response(
        200, json=DATASET | {"status": "Running"}, headers={"Retry-After": "7"}
    )
    server.on(f"GET datasets/{ID}", running)
    result = server.run("dataset", "status", ID, "--wait", "--timeout", "30")
    assert result.exit_code == Exit.TIMEOUT
    assert server.now == 30
    assert len(server.calls) == 7


def test_a_server_that_is_away_for_a_while_ends_no_waiting(server: Server) -> None:
    server.on(
        f"GET datasets/{ID}",
        DATASET | {"status": "Running"},
        refused(501),
        refused(501),
        DATASET,
    )
    assert server.run("dataset", "status", ID, "--wait").exit_code == 0
    server.on(f"GET datasets/{ID}", DATASET | {"status": "Running"}, refused(501))
    result = server.run("dataset", "status", ID, "--wait")
    assert result.exit_code == Exit.NETWORK
    assert 600 < server.now < 700


def test_a_model_is_trained(server: Server) -> None:
    made = entity("models", displayName="Ours", status="Succeeded")
    server.on("POST models", httpx.Response(201, json=made))
    result = server.run(
        *("model", "create", "--name", "Ours", "--language", "en-US"),
        *("--base", OTHER, "--dataset", ID, "--dataset", OTHER, "--weight", "40"),
    )
    assert result.exit_code == 0, result.output
    root = f"{ENDPOINT}/speechtotext"
    version = "?api-version=2025-10-15"
    assert server.bodies[0] == {
        "displayName": "Ours",
        "locale": "en-US",
        "baseModel": {"self": f"{root}/models/base/{OTHER}{version}"},
        "datasets": [
            {"self": f"{root}/datasets/{one}{version}"} for one in (ID, OTHER)
        ],
        "properties": {"customModelWeightPercent": 40},
    }


def test_a_model_is_copied(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    args = ("model", "copy", ID, "--to", ENDPOINT, "--source-resource", "a", "--wait")
    assert server.run(*args).exit_code == Exit.USAGE
    monkeypatch.setenv("STUDIO_TARGET_KEY", "other-key")
    server.on("POST models:authorizecopy", {"id": "permit"})
    operation = entity("operations/models/copy", id=ID, status="Succeeded")
    server.on(f"POST models/{ID}:copy", httpx.Response(202, json=operation))
    assert server.run(*args).exit_code == 0
    assert server.bodies == [{"sourceResourceId": "a"}, {"id": "permit"}]


def test_an_endpoint_gets_another_model(server: Server) -> None:
    server.on(f"GET models/{OTHER}", entity("models"))
    server.on(f"PATCH endpoints/{ID}", entity("endpoints"))
    server.run("endpoint", "update", ID, "--model", OTHER, "--logging")
    assert server.bodies[0]["model"]["self"].partition("?")[0].endswith(OTHER)
    assert server.bodies[0]["properties"] == {"contentLoggingEnabled": True}


@pytest.mark.parametrize("version", ["2025-10-15", "v3.2"])
def test_recordings_are_transcribed(server: Server, version: str) -> None:
    prefix = "v3.2/" if version == "v3.2" else ""
    path = f"{prefix}transcriptions" if prefix else "transcriptions:submit"
    server.on(f"POST {path}", httpx.Response(201, json=entity("transcriptions")))
    result = server.run(
        *("--api-version", version, "batch", "transcription", "create"),
        *("--name", "x", "--language", "en-US", "--url", "https://a.example/a.wav"),
        *("--speakers", "2"),
    )
    assert result.exit_code == 0, result.output
    lifetime = "timeToLive" if prefix else "timeToLiveHours"
    assert server.bodies[0]["properties"][lifetime] == ("PT48H" if prefix else 48)


@pytest.mark.parametrize(
    ("right", "wrong", "code", "words"),
    [(2, 0, 0, ""), (1, 1, 0, "not be transcribed: 1"), (0, 2, 1, "None of the")],
)
def test_a_batch_in_which_nothing_was_understood_has_failed(
    server: Server, right: int, wrong: int, code: int, words: str
) -> None:
    links = {"files": f"{ENDPOINT}/speechtotext/transcriptions/{ID}/files"}
    made = entity("transcriptions", status="Succeeded", links=links)
    server.on("POST transcriptions:submit", httpx.Response(201, json=made))
    report = {
        "kind": "TranscriptionReport",
        "links": {"contentUrl": f"{ENDPOINT}/speechtotext/file"},
    }
    files = [{"kind": "Transcription"}, report]
    server.on(f"GET transcriptions/{ID}/files", {"values": files})
    counts = {
        "successfulTranscriptionsCount": right,
        "failedTranscriptionsCount": wrong,
    }
    server.on("GET file", counts)
    result = server.run(
        *("batch", "transcription", "create", "--name", "x", "--language", "en-US"),
        *("--url", "https://a.example/a.wav", "--wait"),
    )
    assert result.exit_code == code, result.output
    assert words in result.stderr


def test_an_empty_file_is_refused_before_anything_is_made(
    server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "empty.txt"
    file.touch()
    result = server.run(
        *("dataset", "create", "--name", "x", "--kind", "Language"),
        *("--language", "en-US", "--file", str(file)),
    )
    assert result.exit_code == Exit.USAGE
    assert "is empty" in result.stderr
    assert not server.calls


def test_a_report_that_cannot_be_written_is_refused_before_the_test(
    server: Server, tmp_path: Path
) -> None:
    result = server.run(
        *("evaluation", "create", "--name", "x", "--dataset", ID, "--model", ID),
        *("--wait", "--junit", str(tmp_path / "missing" / "speech.xml")),
    )
    assert result.exit_code == Exit.USAGE
    assert "Nothing can be written" in result.stderr
    assert not server.calls


def test_a_folder_that_cannot_be_made_is_told(server: Server, tmp_path: Path) -> None:
    server.on(f"GET datasets/{ID}", DATASET)
    link = {"contentUrl": f"{ENDPOINT}/speechtotext/file"}
    server.on(f"GET datasets/{ID}/files", {"values": [{"name": "a", "links": link}]})
    server.on("GET file", httpx.Response(200, content=b"hello"))
    (tmp_path / "file").touch()
    target = str(tmp_path / "file" / "out")
    result = server.run("dataset", "download", ID, "--to", target)
    assert result.exit_code == Exit.USAGE
    assert "file" in result.stderr and "Traceback" not in result.output


def test_files_are_fetched_and_stay_in_their_folder(
    server: Server, tmp_path: Path
) -> None:
    server.on(f"GET datasets/{ID}", DATASET)
    files: list[dict[str, Any]] = [
        {"name": name, "links": {"contentUrl": f"{ENDPOINT}/speechtotext/file"}}
        for name in ("report.json", "../../evil", "a/b.wav")
    ]
    server.on(f"GET datasets/{ID}/files", {"values": files})
    server.on("GET file", httpx.Response(200, content=b"hello"))
    args = ("dataset", "download", ID, "--to", str(tmp_path / "out"))
    assert server.run(*args).exit_code == 0
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == [
        *("a_b.wav", "evil", "report.json")
    ]
    assert server.run(*args).exit_code == Exit.USAGE


def test_something_is_deleted(server: Server) -> None:
    server.on(f"DELETE endpoints/{ID}", httpx.Response(204))
    assert server.run("endpoint", "delete", ID).exit_code == 0
    assert server.run("model", "delete", ID).exit_code == Exit.NOT_FOUND


def _commands(command: click.Command, *path: str) -> list[tuple[str, ...]]:
    if not isinstance(command, click.Group):
        return [path]
    return [
        found
        for name, one in command.commands.items()
        for found in _commands(one, *path, name)
    ]


@pytest.mark.parametrize("path", _commands(studio))
def test_every_command_explains_itself(server: Server, path: tuple[str, ...]) -> None:
    result = server.run(*path, "--help")
    assert result.exit_code == 0
    assert len(result.stdout) > 150
