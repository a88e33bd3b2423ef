from django.apps import AppConfig


class Config(AppConfig):
    name = "musubi.imports"
    label = "imports"
