from django.apps import AppConfig


class Config(AppConfig):
    name = "musubi.proposals"
    label = "proposals"
