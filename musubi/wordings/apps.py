from django.apps import AppConfig


class Config(AppConfig):
    name = "musubi.wordings"
    label = "wordings"
