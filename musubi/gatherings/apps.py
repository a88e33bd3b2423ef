from django.apps import AppConfig


class Config(AppConfig):
    name = "musubi.gatherings"
    label = "gatherings"

    def ready(self):
        from musubi.gatherings import notices  # noqa: F401  registers who is told
