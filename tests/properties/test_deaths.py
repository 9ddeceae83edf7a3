"""Processes of ours die between every two steps of a payment, and in the end nothing shows it.

Which steps there are is not written here: each story is told once to its end, and the process
says what it is about to commit and to send. Then it is told again for each of these steps, by a
process that is killed there. What anybody does about it is what is done anyway: customers click
again, providers post again, the worker does its jobs.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from app.config import Settings
from app.foundation.database import end_reading
from app.workflows.verify_books import verify_books
from tests.killing import THE_END, kill_before, steps_of
from tests.properties.our_processes import Place
from tests.properties.payment_stories import STORIES, Story, Told
from tests.properties.unreliable_world import (
    NONE,
    World,
    differences,
    left_over,
    unreliable_world,
)
from tests.snapshots import Snapshot, rows_by_what_they_say

# A promise of somebody who died is taken up again when his lease ends, after five minutes.
PAUSES = (timedelta(minutes=6), timedelta(minutes=6))
JOBS = ("outbox", "silent_attempts", "silent_refunds", "missed_events", "top_ups", "outbox")


@pytest.fixture
def world(
    app: Flask, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    with unreliable_world(app, settings, tmp_path, monkeypatch, seed=1) as world:
        world.faults = NONE
        yield world


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_no_death_shows_in_the_end(story: Story, world: World, settings: Settings) -> None:
    told = story.begin(world)
    world.wait(timedelta(seconds=5))
    beginning, began_at = Snapshot(world.sandbox.storage), world.now
    place = Place(settings, world.sandbox.address, world.now)
    steps = steps_of(story.work, place, *told)
    assert steps[-1] == THE_END
    come_to_rest(world, story, told)
    assert list(problems(world)) == []
    undisturbed = rows_by_what_they_say()
    print(len(steps), steps)

    wrong = {}
    for number, step in enumerate(steps):
        import time; t0=time.monotonic()
        beginning.restore()
        world.begin_again(began_at)
        t1=time.monotonic()
        assert kill_before(number, story.work, place, *told) == steps[: number + 1]
        t2=time.monotonic()
        come_to_rest(world, story, told)
        t3=time.monotonic()
        found = [*problems(world), *changes(undisturbed)]
        t4=time.monotonic(); print("T restore %.2f kill %.2f rest %.2f check %.2f"%(t1-t0,t2-t1,t3-t2,t4-t3), time.process_time())
        if found:
            wrong[f"{number}, before {step}"] = found
    assert not wrong, "\n".join(f"{death}:\n  {chr(10).join(found)}" for death, found in wrong.items())


def come_to_rest(world: World, story: Story, told: Told) -> None:
    """Let everybody do what he does anyway."""
    story.go_on(world, *told)
    for pause in PAUSES:
        world.wait(pause)
        # Everything is posted, whether it had arrived before that death or not.
        world.post_everything()
        for job in JOBS:
            world.do_job(job)
    end_reading()


def problems(world: World) -> Iterator[str]:
    """Say what waits, what the providers' books say otherwise, and what does not add up."""
    yield from left_over()
    yield from differences(world)
    yield from verify_books()


def changes(undisturbed: Counter[str]) -> Iterator[str]:
    """Say which rows stand there otherwise than without a death."""
    rows = rows_by_what_they_say()
    yield from (f"gone: {row}" for row in undisturbed - rows)
    yield from (f"new: {row}" for row in rows - undisturbed)
