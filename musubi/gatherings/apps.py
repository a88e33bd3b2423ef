from django.apps import AppConfig


class Config(AppConfig):
    name = "musubi.gatherings"
    label = "gatherings"
