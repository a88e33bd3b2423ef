import os
from importlib import import_module
from threading import Thread

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

# Curves of the figures want scipy, which takes two seconds to load: beside the first requests, not within one.
Thread(target=import_module, args=("scipy.stats",), daemon=True).start()
