from django.apps import AppConfig


class Config(AppConfig):
    name = "musubi.matching"
    label = "matching"

    def ready(self):
        from musubi.matching import checks, notices  # noqa: F401  register what `check` says and who is told
