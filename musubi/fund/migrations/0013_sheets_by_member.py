import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("fund", "0012_sheets_know_their_call"),
    ]

    operations = [
        migrations.AlterField(
            model_name="assignment",
            name="call",
            field=models.ForeignKey(
                help_text="the application's, so that its sheets are counted by an index",
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="fund.call",
            ),
        ),
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(
                fields=["call", "stage", "member", "state", "due_on", "nudged_at"], name="sheets_by_member"
            ),
        ),
    ]
