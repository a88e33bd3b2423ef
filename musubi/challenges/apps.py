from django.apps import AppConfig


class Config(AppConfig):
    name = "musubi.challenges"
    label = "challenges"
