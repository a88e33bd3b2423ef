"""What happened, by whom, to what: audit log and outbox in one. No foreign keys, so everything may write to it."""

from django.db import models


class Entry(models.Model):
    """One thing that happened. Never changed and never deleted; `claimed_at` and `done_at` belong to the worker."""

    at = models.DateTimeField("日時")
    verb = models.CharField(
        "できごと", max_length=60, help_text="kind.past_participle, e.g. challenge.published"
    )
    municipality = models.CharField("自治体コード", max_length=6, blank=True)
    actor_id = models.BigIntegerField("行った人の番号", null=True)
    actor = models.CharField("行った人", max_length=120)
    kind = models.CharField("対象の種類", max_length=30)
    object_id = models.BigIntegerField("対象の番号")
    ref = models.CharField("対象の整理番号", max_length=40, blank=True)
    title = models.CharField("対象の名前", max_length=200)
    data = models.JSONField("内容", default=dict)
    claimed_at = models.DateTimeField(null=True, editable=False)
    done_at = models.DateTimeField(null=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    error = models.TextField(blank=True, editable=False)

    class Meta:
        ordering = ["id"]
        verbose_name = "記録"
        indexes = [
            models.Index(fields=["municipality", "-id"], name="journal_municipality"),
            models.Index(fields=["kind", "object_id", "id"], name="journal_object"),
            models.Index(fields=["id"], name="journal_waiting", condition=models.Q(done_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor} {self.verb} {self.ref or self.object_id}"
