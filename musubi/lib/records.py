"""The abstract base of every table."""

from django.db import models


class PeersManager(models.Manager):
    """Fetches a missing relation for all rows of a result at once (`FETCH_PEERS`), never row by row."""

    def get_queryset(self):
        return super().get_queryset().fetch_mode(models.FETCH_PEERS)


class Record(models.Model):
    """A table whose rows load their relations together."""

    objects = PeersManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"
