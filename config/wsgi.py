import os
from importlib import import_module
from threading import Thread

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()


def warm_up() -> None:
    """Load what takes seconds to load (scipy for curves, the dictionary for matching) beside the first requests."""
    import_module("scipy.stats")
    import_module("musubi.matching.live").warm_up()


Thread(target=warm_up, daemon=True).start()
