from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notify", "0003_answers")]

    operations = [
        migrations.AddField(
            model_name="delivery",
            name="calendar",
            field=models.TextField(
                blank=True,
                help_text="the iCalendar object that goes with it; its METHOD says what it asks for",
                null=True,
            ),
        ),
    ]
