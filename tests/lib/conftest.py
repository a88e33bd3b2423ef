"""Property tests ask many questions; how long one answer takes depends on the machine's other work, so no deadline."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
