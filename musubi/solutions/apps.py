from django.apps import AppConfig


class Config(AppConfig):
    name = "musubi.solutions"
    label = "solutions"
