"""What the worker does for matching."""

from musubi.matching import tending
from musubi.notify.tasks import beside

beside("マッチングの索引")(tending.tend)
