"""`studio evaluation`."""

from __future__ import annotations

from typing import Any

import click

from cli.gate import Gate, gate_options
from cli.naming import name_options
from cli.output import output_option, show
from cli.references import ENTITY, model_reference, place, reference
from cli.session import Commands, Exit, Session, Stop, pass_session
from cli.verbs import Kind, add_verbs
from cli.wait import Waiting, must_have_succeeded, wait_options


@click.group(cls=Commands, help="Evaluations: tests of models on a dataset.")
def evaluation() -> None:
    pass


@evaluation.command("create")
@name_options
@click.option("--project", type=ENTITY)
@click.option("--language", help="The locale; that of the project by default.")
@click.option("--dataset", type=ENTITY, required=True, help="Audio with transcripts.")
@click.option("--model", type=ENTITY, required=True, help="The model that is judged.")
@click.option(
    "--model2",
    type=ENTITY,
    help="What it is compared with; the same model where none is given.",
)
@gate_options
@wait_options
@output_option
@pass_session
def create_evaluation(
    session: Session,
    body: dict[str, Any],
    project: str | None,
    language: str | None,
    dataset: str,
    model: str,
    model2: str | None,
    gate: Gate,
    waiting: Waiting,
    output: str,
) -> None:
    """Test one or two models on a dataset.

    \b
    studio evaluation create --project ID --name Nightly --dataset ID \\
        --model NEW --model2 PRESENT --wait --fail-unless-better-than model2
    """
    if gate.is_wanted and not waiting.is_wanted:
        raise click.UsageError("A result can be judged only with --wait.")
    client = session.client
    body |= place(client, project, language)
    body["dataset"] = reference(client, "datasets", dataset)
    body["model1"] = model_reference(client, model)
    body["model2"] = model_reference(client, model2) if model2 else body["model1"]
    made = client.post("evaluations", body)
    made = waiting.end_of(session, made)
    show(made, output)
    verdict = gate.verdict(session, made)
    must_have_succeeded(made)
    if verdict and not verdict.passed:
        raise Stop(f"The model is {verdict.message}.", Exit.GATE)
    if verdict:
        click.echo(f"The model is {verdict.message}.", err=True)


add_verbs(
    evaluation,
    Kind(
        "evaluation",
        "evaluations",
        (
            "displayName",
            "status",
            "properties.wordErrorRate1",
            "properties.wordErrorRate2",
            "createdDateTime",
        ),
    ),
)
