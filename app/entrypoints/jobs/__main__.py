"""`python -m app.entrypoints.jobs`: the worker as a program of its own."""

import gc
import logging
import sys

from app.application import create_app
from app.config import read_settings
from app.entrypoints.jobs.worker import THREADS, Worker
from app.foundation import clock
from app.foundation.database import transaction
from app.foundation.logs import write_logs
from app.workflows.note_first_start import note_first_start

settings = read_settings()
write_logs(level=settings.logs.level, as_json=settings.logs.as_json)
threads = int(sys.argv[1]) if len(sys.argv) > 1 else THREADS
log = logging.getLogger("app.worker")
app = create_app(settings)
with app.app_context(), transaction():
    note_first_start(now=clock.now())
# What stands now stays: whoever closes a month makes garbage enough to look through.
gc.collect()
gc.freeze()
Worker(app, settings).run(threads=threads, ready=lambda: log.info("The worker is at work."))
log.info("The worker has ended.")
