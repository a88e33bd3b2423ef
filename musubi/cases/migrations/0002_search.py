from django.db import migrations

from musubi.lib.fulltext import CreateSearchTable


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial")]
    operations = [CreateSearchTable("cases_case")]
