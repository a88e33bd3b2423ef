from django.apps import AppConfig


class Config(AppConfig):
    name = "musubi.cases"
    label = "cases"
