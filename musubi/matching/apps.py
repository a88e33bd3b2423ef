from django.apps import AppConfig


class Config(AppConfig):
    name = "musubi.matching"
    label = "matching"
