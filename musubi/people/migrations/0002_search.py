from django.db import migrations

from musubi.lib.fulltext import CreateSearchTable


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial")]
    operations = [CreateSearchTable("people_organisation")]
