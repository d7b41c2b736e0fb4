from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from transcriptions.addresses import sealed


def seal(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Addresses whose files were not fetched yet were stored as they are."""
    files = apps.get_model("transcriptions", "TranscriptionFile")
    for file in files.objects.filter(url__contains="?").iterator():
        files.objects.filter(pk=file.pk).update(**sealed(url=file.url))


class Migration(migrations.Migration):
    dependencies = [("transcriptions", "0003_containers")]
    operations = [
        migrations.AddField(
            model_name="transcription",
            name="container_sealed",
            field=models.TextField(blank=True, editable=False),
        ),
        migrations.AddField(
            model_name="transcription",
            name="destination_sealed",
            field=models.TextField(blank=True, editable=False),
        ),
        migrations.AddField(
            model_name="transcriptionfile",
            name="url_sealed",
            field=models.TextField(blank=True, editable=False),
        ),
        migrations.RunPython(seal, migrations.RunPython.noop),
    ]
