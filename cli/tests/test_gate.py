from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from cli.session import Exit
from cli.tests.case import ENDPOINT, ID, Server, entity

BAR = "c8a5f3d1-0e7b-4923-b6a4-9d1e5f2c7b66"
DATASET = {"self": f"{ENDPOINT}/speechtotext/datasets/{ID}"}


def evaluated(rate1: float, rate2: float, **more: Any) -> dict[str, Any]:
    properties = {"wordErrorRate1": rate1, "wordErrorRate2": rate2, **more}
    return entity(
        "evaluations",
        displayName="Nightly",
        status="Succeeded",
        dataset=DATASET,
        properties=properties,
    )


def run(server: Server, *args: str) -> Any:
    server.on(f"GET models/{ID}", entity("models"))
    return server.run(
        *("evaluation", "create", "--name", "Nightly", "--language", "en-US"),
        *("--dataset", ID, "--model", ID, "--wait", *args),
    )


WORSE, BETTER = "--fail-if-worse-than", "--fail-unless-better-than"


@pytest.mark.parametrize(
    "option, bar, margin, passes",
    [
        (WORSE, "10%", "0", True),
        (WORSE, "0.1", "0", True),
        (WORSE, "9.9%", "0", False),
        (WORSE, "9.9%", "0.1%", True),
        (WORSE, "model2", "0", True),
        (BETTER, "10%", "0", False),
        (BETTER, "10.1%", "0", True),
        (BETTER, "10.1%", "0.5%", False),
        (BETTER, "model2", "0", True),
        (BETTER, "model2", "10%", False),
        (WORSE, BAR, "0", False),
        (WORSE, BAR, "2%", True),
        (BETTER, BAR, "0", False),
    ],
)
def test_a_rate_of_ten_percent_is_judged(
    server: Server, option: str, bar: str, margin: str, passes: bool
) -> None:
    server.on("POST evaluations", evaluated(0.10, 0.12))
    server.on(f"GET evaluations/{BAR}", evaluated(0.08, 0.5))
    result = run(server, option, bar, "--margin", margin)
    assert result.exit_code == (0 if passes else Exit.GATE), result.output
    assert "10.00% against" in result.stderr


@pytest.mark.parametrize(
    "value, is_sure, option, passes",
    [
        (0.01, True, BETTER, True),
        (0.01, False, BETTER, False),
        (-0.01, True, BETTER, False),
        (0.01, True, WORSE, True),
        (-0.01, False, WORSE, True),
        (-0.01, True, WORSE, False),
    ],
)
def test_between_two_models_it_counts_how_sure_the_difference_is(
    server: Server, value: float, is_sure: bool, option: str, passes: bool
) -> None:
    difference = {"value": value, "isSignificant": is_sure}
    tested = evaluated(0.10, 0.10 + value, wordErrorRateDifference=difference)
    server.on("POST evaluations", tested)
    result = run(server, option, "model2")
    assert result.exit_code == (0 if passes else Exit.GATE)


def test_tests_on_different_data_are_not_compared(server: Server) -> None:
    server.on("POST evaluations", evaluated(0.1, 0.1))
    other = evaluated(0.2, 0.2) | {"dataset": {"self": f"{ENDPOINT}/x/{BAR}"}}
    server.on(f"GET evaluations/{BAR}", other)
    result = run(server, WORSE, BAR)
    assert result.exit_code == Exit.REFUSED
    assert "another dataset" in result.stderr


@pytest.mark.parametrize("bar", ["5", "ten", "-1%", "", "1e9"])
def test_a_bar_that_may_be_misread_is_refused(server: Server, bar: str) -> None:
    assert run(server, WORSE, bar).exit_code == Exit.USAGE
    assert server.calls == []


def test_the_report_is_what_ci_servers_read(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    server.on("POST evaluations", evaluated(0.10, 0.12))
    run(server, WORSE, "5%", "--junit", str(path))
    suite = ElementTree.parse(path).getroot()
    assert suite.attrib == {
        "name": "Nightly",
        "tests": "1",
        "failures": "1",
        "errors": "0",
    }
    failure = suite.find("testcase/failure")
    assert failure is not None and "10.00% against 5.00%" in failure.attrib["message"]
    run(server, WORSE, "50%", "--junit", str(path))
    assert ElementTree.parse(path).getroot().find("testcase/failure") is None


def test_an_evaluation_that_fails_passes_no_gate(
    server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "report.xml"
    error = {"code": "InvalidDataset", "message": "No\x00 transcripts."}
    failed = entity("evaluations", status="Failed", properties={"error": error})
    server.on("POST evaluations", httpx.Response(201, json=failed))
    result = run(server, WORSE, "50%", "--junit", str(path))
    assert result.exit_code == Exit.FAILED
    assert ElementTree.parse(path).getroot().attrib["errors"] == "1"


def test_an_evaluation_without_a_rate_passes_no_gate(server: Server) -> None:
    empty = entity("evaluations", status="Succeeded", properties={})
    server.on("POST evaluations", httpx.Response(201, json=empty))
    assert run(server, WORSE, "50%").exit_code == Exit.REFUSED
