from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("fund", "0009_representative_and_report"),
    ]

    operations = [
        migrations.AddField(
            model_name="application",
            name="correct_by",
            field=models.DateField(blank=True, null=True, verbose_name="補正の期限"),
        ),
    ]
