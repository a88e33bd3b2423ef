from django.apps import AppConfig


class Config(AppConfig):
    name = "musubi.fund"
    label = "fund"

    def ready(self):
        from musubi.cases import scanning
        from musubi.fund import notices  # noqa: F401  registers who is told
        from musubi.fund.models import MaskedPaper, Paper

        # What was taken in while nobody looked for viruses is looked through later, like every other file.
        scanning.FILES[Paper] = scanning.FILES[MaskedPaper] = "application"
