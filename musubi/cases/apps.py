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
        from musubi.cases.handover import carried as handover_carried  # noqa: F401  what keeps people from leaving
        from musubi.cases.handover import notices as handover_notices  # noqa: F401
