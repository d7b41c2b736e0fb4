from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("editor", "0002_many_recordings")]

    operations = [
        migrations.AddField(
            model_name="recording",
            name="is_recognised",
            field=models.BooleanField(default=False),
        ),
    ]
