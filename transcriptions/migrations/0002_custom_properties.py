from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transcriptions", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="transcription",
            name="custom_properties",
            field=models.JSONField(default=dict, editable=False),
        ),
    ]
