from django.db import migrations

from musubi.lib.fulltext import CreateSearchTable


class Migration(migrations.Migration):
    dependencies = [("solutions", "0001_initial")]
    operations = [CreateSearchTable("solutions_solution")]
