from django.apps import AppConfig


class Config(AppConfig):
    name = "musubi.fund"
    label = "fund"
