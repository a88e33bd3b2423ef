from django.apps import AppConfig


class Config(AppConfig):
    name = "musubi.cases"
    label = "cases"

    def ready(self):
        from musubi.cases import (  # noqa: F401  register who is told
            agreement_notices,
            mail_notices,
            meeting_notices,
            notices,
            trial_notices,
        )
