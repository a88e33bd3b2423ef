from django.apps import AppConfig


class Config(AppConfig):
    name = "musubi.journal"
    label = "journal"
