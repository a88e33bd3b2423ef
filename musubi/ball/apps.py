from django.apps import AppConfig


class Config(AppConfig):
    name = "musubi.ball"
    label = "ball"

    def ready(self):
        from musubi.ball import notices  # noqa: F401  registers the kinds
