from django.apps import AppConfig


class Config(AppConfig):
    name = "musubi.matching"
    label = "matching"

    def ready(self):
        from musubi.matching import notices  # noqa: F401  registers who is told
