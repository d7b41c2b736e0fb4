from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    # On its own: PostgreSQL does not change a table in the step that filled it.
    dependencies = [("datasets", "0003_move_peaks")]

    operations = [migrations.RemoveField(model_name="utterance", name="peaks")]
