from django.apps import AppConfig


class Config(AppConfig):
    name = "musubi.cases"
    label = "cases"

    def ready(self):
        from musubi.cases import notices  # noqa: F401  register who is told
        from musubi.cases.agreements import notices as agreement_notices  # noqa: F401
        from musubi.cases.handover import carried as handover_carried  # noqa: F401  what keeps people from leaving
        from musubi.cases.handover import notices as handover_notices  # noqa: F401
        from musubi.cases.mail import notices as mail_notices  # noqa: F401
        from musubi.cases.meetings import notices as meeting_notices  # noqa: F401
        from musubi.cases.trials import notices as trial_notices  # noqa: F401
