from django.apps import AppConfig


class Config(AppConfig):
    name = "musubi.ball"
    label = "ball"
