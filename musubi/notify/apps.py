from django.apps import AppConfig


class Config(AppConfig):
    name = "musubi.notify"
    label = "notify"
