from __future__ import annotations

from typing import Any

from django.db import migrations, models


def complete(apps: Any, schema_editor: Any) -> None:
    """Say of each result that is there how it came to be."""
    candidates = apps.get_model("evaluations", "Candidate").objects
    candidates.filter(evaluation__status="Succeeded").update(is_complete=True)
    projects = apps.get_model("projects", "Project").objects
    for key, locale in projects.values_list("pk", "locale"):
        candidates.filter(evaluation__project=key).update(
            decoding={"locale": locale, "beam_size": 5}
        )
    for test in apps.get_model("evaluations", "Evaluation").objects.exclude(
        comparisons=[]
    ):
        for pair in test.comparisons:
            pair |= {"old": pair.pop("base"), "new": pair.pop("custom")}
        test.save(update_fields=["comparisons"])


class Migration(migrations.Migration):
    dependencies = [("evaluations", "0002_custom_models")]

    operations = [
        migrations.AddField(
            model_name="candidate",
            name="decoding",
            field=models.JSONField(default=dict, editable=False),
        ),
        migrations.AddField(
            model_name="candidate",
            name="is_complete",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name="evaluation",
            name="kind",
            field=models.CharField(
                choices=[
                    ("Evaluation", "Evaluate accuracy"),
                    ("Inspection", "Inspect quality"),
                ],
                default="Evaluation",
                editable=False,
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="candidate",
            name="high",
            field=models.FloatField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="candidate",
            name="low",
            field=models.FloatField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="candidate",
            name="table",
            field=models.CharField(blank=True, editable=False, max_length=255),
        ),
        migrations.AddField(
            model_name="candidate",
            name="tokens",
            field=models.JSONField(default=dict, editable=False),
        ),
        migrations.AddField(
            model_name="candidate",
            name="scale",
            field=models.CharField(blank=True, editable=False, max_length=16),
        ),
        migrations.RunPython(complete, migrations.RunPython.noop),
    ]
