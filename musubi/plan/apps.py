from django.apps import AppConfig
from django.db.models.signals import post_migrate

from musubi.plan.loading import load


class Config(AppConfig):
    name = "musubi.plan"
    label = "plan"

    def ready(self):
        post_migrate.connect(_load, sender=self)


def _load(sender, **signal):
    load(**signal)
