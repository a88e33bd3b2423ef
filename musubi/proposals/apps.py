from django.apps import AppConfig


class Config(AppConfig):
    name = "musubi.proposals"
    label = "proposals"

    def ready(self):
        from musubi.proposals import notices  # noqa: F401  registers who is told
