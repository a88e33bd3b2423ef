from django.apps import AppConfig


class Config(AppConfig):
    name = "musubi.cases"
    label = "cases"

    def ready(self):
        from musubi.cases import notices  # noqa: F401  registers who is told
