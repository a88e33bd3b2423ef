from django.db import migrations

from musubi.lib.fulltext import CreateSearchTable


class Migration(migrations.Migration):
    dependencies = [("challenges", "0001_initial")]
    operations = [CreateSearchTable("challenges_challenge")]
