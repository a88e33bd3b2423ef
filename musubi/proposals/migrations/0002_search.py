from django.db import migrations

from musubi.lib.fulltext import CreateSearchTable


class Migration(migrations.Migration):
    dependencies = [("proposals", "0001_initial")]
    operations = [CreateSearchTable("proposals_proposal")]
