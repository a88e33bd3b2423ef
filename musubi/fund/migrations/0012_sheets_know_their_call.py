import django.db.models.deletion
from django.db import migrations, models


def fill(apps, schema_editor):
    sheets, applications = apps.get_model("fund", "Assignment"), apps.get_model("fund", "Application")
    call = applications.objects.filter(pk=models.OuterRef("application")).values("call")
    sheets.objects.using(schema_editor.connection.alias).update(call=models.Subquery(call[:1]))


class Migration(migrations.Migration):
    dependencies = [
        ("fund", "0011_criterion_least"),
    ]

    operations = [
        migrations.AddField(
            model_name="assignment",
            name="call",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="fund.call"
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
