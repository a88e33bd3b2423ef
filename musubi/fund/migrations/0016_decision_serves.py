from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("fund", "0015_windows_of_an_edition"),
    ]

    operations = [
        migrations.AddField(
            model_name="decision",
            name="serves",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="pots of a theme",
                verbose_name="テーマに合うことを確かめた財源",
            ),
        ),
    ]
