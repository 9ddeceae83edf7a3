"""The app as a WSGI server loads it."""

import gc

from app import create_app
from app.config import read_settings
from app.foundation.logs import write_logs

settings = read_settings()
write_logs(level=settings.logs.level, as_json=settings.logs.as_json)
application = create_app(settings)
# What stands now stays: looking through all of it again took a tenth of the time of a batch.
gc.collect()
gc.freeze()
