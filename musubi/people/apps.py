from django.apps import AppConfig


class Config(AppConfig):
    name = "musubi.people"
    label = "people"
