from django.apps import AppConfig


class Config(AppConfig):
    name = "musubi.www"
    label = "www"
