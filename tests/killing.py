"""Runs a piece of the app in a process of its own, which is killed without saying goodbye."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from app.config import Settings

ROOT = Path(__file__).resolve().parents[1]
WAIT_SECONDS = 60


def run_until_killed(settings: Settings, program: str, *arguments: str) -> None:
    """Run a program on the same database, and assert that it has killed itself."""
    environment = {
        **os.environ,
        "DATABASE_URL": settings.database_url,
        "INSTANCE_DIR": str(settings.instance_dir),
        "SECRET_KEY": settings.secret_key,
    }
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=environment,
        cwd=ROOT,
        timeout=WAIT_SECONDS,
        check=False,
        capture_output=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
