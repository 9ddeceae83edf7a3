"""The app as a WSGI server loads it."""

import gc
import sys

from app.application import create_app
from app.config import read_settings
from app.foundation.logs import write_logs

settings = read_settings()
write_logs(level=settings.logs.level, as_json=settings.logs.as_json)
application = create_app(settings)
# What stands now stays: looking through all of it again took a tenth of the time of a batch.
gc.collect()
gc.freeze()
# What is left is young: a batch of a thousand makes more of it than the collector waits for.
gc.set_threshold(20_000, 20, 50)
# Whoever comes back from the database waits for his turn: no longer than most statements take.
sys.setswitchinterval(0.001)
