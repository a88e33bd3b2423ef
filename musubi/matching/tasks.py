"""What the worker does for matching."""

from musubi.matching import keeping, tending
from musubi.notify.tasks import beside

beside("マッチングの索引")(tending.tend)
beside("マッチングの候補")(keeping.keep)
