from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_STEP = 1000


def read_texts(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    kind = apps.get_model("datasets", "Utterance")
    batch = []
    for row in kind.objects.only("name", "transcript").iterator(_STEP):
        row.words = len(row.transcript.split())
        row.search = f"{row.name}\n{row.transcript}".casefold()
        batch.append(row)
        if len(batch) == _STEP:
            kind.objects.bulk_update(batch, ["words", "search"])
            batch = []
    kind.objects.bulk_update(batch, ["words", "search"])


class Migration(migrations.Migration):
    dependencies = [("datasets", "0002_every_kind_of_data")]

    operations = [
        migrations.RunSQL(
            "INSERT INTO datasets_loudness (utterance_id, peaks)"
            " SELECT id, peaks FROM datasets_utterance",
            migrations.RunSQL.noop,
        ),
        migrations.RunPython(read_texts, migrations.RunPython.noop),
    ]
