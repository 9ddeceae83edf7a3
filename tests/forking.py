"""What the process is made ready with that others are forked from, to be killed.

It is imported there alone: each of them then finds the app's addresses parsed already, and
searches nothing for garbage that they all have in common.
"""

import gc
import tempfile
import threading
from pathlib import Path

from sqlalchemy.orm import configure_mappers

from app import create_app
from tests.databases import settings_for
from tests.made_once import OBJECTS_BETWEEN_SEARCHES, make_once

configure_mappers()
make_once()
with tempfile.TemporaryDirectory() as folder:
    create_app(settings_for("sqlite://", Path(folder)), TESTING=True).url_map.update()
# Counters of requests begin with a thread each, and whoever forks must have none.
for thread in threading.enumerate():
    if thread is not threading.current_thread():
        thread.join()
gc.collect()
gc.freeze()
gc.set_threshold(OBJECTS_BETWEEN_SEARCHES)
