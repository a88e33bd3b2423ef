from django.apps import AppConfig


class Config(AppConfig):
    name = "musubi.challenges"
    label = "challenges"

    def ready(self):
        from musubi.challenges import notices  # noqa: F401  registers who is told
