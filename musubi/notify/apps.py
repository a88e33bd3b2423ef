from django.apps import AppConfig


class Config(AppConfig):
    name = "musubi.notify"
    label = "notify"

    def ready(self):
        from musubi.notify import notices  # noqa: F401  registers who is told
