from django.apps import AppConfig


class Config(AppConfig):
    name = "musubi.proposals"
    label = "proposals"

    def ready(self):
        from musubi.proposals import (  # noqa: F401  register who is told, and what keeps a department open
            carried,
            notices,
        )
