from django.apps import AppConfig


class Config(AppConfig):
    name = "musubi.plan"
    label = "plan"
