from django.apps import AppConfig


class Config(AppConfig):
    name = "musubi.outcomes"
    label = "outcomes"
