"""Whether a test is good enough: what `--fail-if-worse-than` and
`--fail-unless-better-than` decide.

Model 1 is judged, by its word error rate. Where the server says how sure the difference
of the two models of a test is, that decides between them; elsewhere the figures do.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, cast
from xml.etree import ElementTree

import click

from cli.output import NewFile, id_of, value_at
from cli.references import ENTITY, address_of
from cli.session import Exit, Session, Stop
from engines.azure.address import key_of

F = TypeVar("F", bound=Callable[..., Any])
_MODEL2 = "model2"


@dataclass(frozen=True)
class Bar:
    """What is to be reached: a rate as a share, another evaluation, or model 2."""

    rate: float | None = None
    evaluation: str = ""

    @property
    def is_model2(self) -> bool:
        return self.rate is None and not self.evaluation


class BarType(click.ParamType):
    """12.5%, 0.125, model2, or the ID of an evaluation."""

    name = "bar"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Bar:
        if isinstance(value, Bar):
            return value
        text = str(value).strip()
        if text.lower() == _MODEL2:
            return Bar()
        if match := re.fullmatch(r"(\d{1,4}(?:\.\d+)?)\s*%", text):
            return Bar(rate=float(match[1]) / 100)
        if re.fullmatch(r"[01](?:\.\d+)?|\.\d+", text):
            return Bar(rate=float(text))
        if re.fullmatch(r"\d+(?:\.\d+)?", text):
            self.fail(f"Write {text}% or a share, such as 0.05.", param, ctx)
        return Bar(evaluation=ENTITY.convert(text, param, ctx))


class ShareType(click.ParamType):
    """0.5% or 0.005."""

    name = "share"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        bar = BarType().convert(value, param, ctx)
        if bar.rate is None:
            self.fail("Write a share, such as 0.5% or 0.005.", param, ctx)
        return bar.rate


@dataclass(frozen=True)
class Verdict:
    passed: bool
    message: str


@dataclass(frozen=True)
class Gate:
    """What a result has to reach. One of the two bars at most is there."""

    worse: Bar | None
    better: Bar | None
    margin: float
    junit: str | None

    @property
    def is_wanted(self) -> bool:
        return bool(self.worse or self.better or self.junit)

    def verdict(self, session: Session, evaluation: dict[str, Any]) -> Verdict | None:
        """None where there is no bar, or no result. Writes the report, too."""
        found = None
        bar = self.worse or self.better
        if bar and evaluation.get("status") == "Succeeded":
            found = judge(session, evaluation, bar, self.margin, bar is self.better)
        if self.junit:
            write_junit(self.junit, evaluation, found)
        return found


def gate_options(command: F) -> F:
    """The command gets `gate`."""

    @wraps(command)
    def gated_command(
        *args: Any,
        worse: Bar | None,
        better: Bar | None,
        margin: float,
        junit: str | None,
        **more: Any,
    ) -> Any:
        if worse and better:
            raise click.UsageError("Say one of the two bars.")
        return command(*args, gate=Gate(worse, better, margin, junit), **more)

    return _with_options(cast(F, gated_command))


def _with_options(command: F) -> F:
    for option in (
        click.option(
            "--junit",
            type=NewFile(),
            help="Write a report as CI servers read it.",
        ),
        click.option(
            "--margin",
            type=ShareType(),
            default=0.0,
            help="How much worse may be, or better must be, such as 0.5%. It counts "
            "where the server does not say how sure the difference of two models is.",
        ),
        click.option(
            "--fail-unless-better-than",
            "better",
            type=BarType(),
            metavar="ID|WER|model2",
            help="Exit code 7 when it is not lower than this.",
        ),
        click.option(
            "--fail-if-worse-than",
            "worse",
            type=BarType(),
            metavar="ID|WER|model2",
            help="Exit code 7 when the word error rate is higher than this: 12.5% or "
            "0.125, that of another evaluation on the same dataset, or that of model2.",
        ),
    ):
        command = option(command)
    return command


def judge(
    session: Session,
    evaluation: dict[str, Any],
    bar: Bar,
    margin: float,
    must_be_better: bool,
) -> Verdict:
    """Raises `Stop` when there is nothing to compare."""
    rate = rate_of(evaluation, 1)
    # An addition of this project's own server to the contract.
    difference = value_at(evaluation, "properties.wordErrorRateDifference")
    if bar.is_model2 and isinstance(difference, dict):
        other = rate_of(evaluation, 2)
        is_sure = difference.get("isSignificant") is True
        # That of model 2, less that of model 1.
        is_better = is_sure and float(difference.get("value", 0)) > 0
        passed = is_better if must_be_better else is_better or not is_sure
        words = "significantly" if is_sure else "which may be chance"
        figures = f"{rate:.2%} against {other:.2%}, {words}"
        return Verdict(passed, f"{_words(passed, must_be_better)}: {figures}")
    other = _rate_to_reach(session, evaluation, bar)
    passed = rate < other - margin if must_be_better else rate <= other + margin
    allowed = f" with a margin of {margin:.2%}" if margin else ""
    figures = f"{rate:.2%} against {other:.2%}{allowed}"
    return Verdict(passed, f"{_words(passed, must_be_better)}: {figures}")


def _words(passed: bool, must_be_better: bool) -> str:
    if must_be_better:
        return "better" if passed else "not better"
    return "good enough" if passed else "not good enough"


def rate_of(evaluation: dict[str, Any], number: int) -> float:
    rate = value_at(evaluation, f"properties.wordErrorRate{number}")
    if isinstance(rate, bool) or not isinstance(rate, int | float):
        message = f"The evaluation has no word error rate of model {number}."
        raise Stop(message, Exit.REFUSED)
    return float(rate)


def write_junit(path: str, evaluation: dict[str, Any], verdict: Verdict | None) -> None:
    """A report as CI servers show it: one suite, and one case that may have failed.

    Reference: the schema that Jenkins reads, https://github.com/jenkinsci/junit-plugin.
    """
    error = value_at(evaluation, "properties.error")
    failed = bool(error) or evaluation.get("status") == "Failed"
    missed = bool(verdict and not verdict.passed)
    name = _printable(str(evaluation.get("displayName", "")))
    counts = {"tests": "1", "failures": str(int(missed)), "errors": str(int(failed))}
    suite = ElementTree.Element("testsuite", {"name": name, **counts})
    kept = ElementTree.SubElement(suite, "properties")
    figures = {"id": id_of(evaluation)}
    for field, value in (evaluation.get("properties") or {}).items():
        if isinstance(value, int | float):
            figures[field] = str(value)
    for field, value in figures.items():
        ElementTree.SubElement(kept, "property", {"name": field, "value": value})
    case = ElementTree.SubElement(
        suite, "testcase", {"classname": "speech", "name": f"{name}: word error rate"}
    )
    if failed:
        message = str((error or {}).get("message", "The evaluation has failed."))
        ElementTree.SubElement(case, "error", {"message": _printable(message)})
    elif verdict and missed:
        ElementTree.SubElement(case, "failure", {"message": verdict.message})
    ElementTree.ElementTree(suite).write(path, "utf-8", xml_declaration=True)


def _rate_to_reach(session: Session, evaluation: dict[str, Any], bar: Bar) -> float:
    if bar.rate is not None:
        return bar.rate
    if bar.is_model2:
        return rate_of(evaluation, 2)
    client = session.client
    other = client.get(address_of(client, "evaluations", bar.evaluation))
    mine, theirs = (
        key_of(str(value_at(one, "dataset.self"))) for one in (evaluation, other)
    )
    if mine != theirs:
        message = (
            "The other evaluation was on another dataset: nothing can be compared."
        )
        raise Stop(message, Exit.REFUSED)
    return rate_of(other, 1)


def _printable(text: str) -> str:
    """XML has no place for control characters."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
