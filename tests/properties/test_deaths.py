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
from tests.databases import on_sqlite
from tests.halves import on_one_of_both
from tests.killing import THE_END, kill_before, steps_of
from tests.properties import our_processes
from tests.properties.our_processes import Place
from tests.properties.payment_stories import STORIES, Story, Told, has_too_few_tokens
from tests.properties.two_books import differences, left_over
from tests.properties.unreliable_world import (
    NONE,
    World,
    unreliable_world,
)
from tests.snapshots import Snapshot, rows_by_what_they_say

# A promise of somebody who died is taken up again when his lease ends, after five minutes; what
# is done about it then may leave something to the next round, and a third finds nothing to do.
ROUNDS, PAUSE = 2, timedelta(minutes=6)
EVENTS_MAX = 100
JOBS = ("outbox", "silent_attempts", "silent_refunds", "top_ups", "outbox")


@pytest.fixture
def world(
    app: Flask, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    with unreliable_world(app, settings, tmp_path, monkeypatch, seed=1) as world:
        world.faults = NONE
        yield world


def deaths_that_show(story: Story, world: World, settings: Settings) -> dict[str, list[str]]:
    """Return what is wrong, or other than without a death, for each step that it is so after."""
    told = story.begin(world)
    place = Place(settings, world.sandbox.address, world.now)
    beginning = Snapshot(world.sandbox.storage)
    steps = steps_of(story.work, place, *told)
    assert len(steps) > 1 and steps[-1] == THE_END
    come_to_rest(world, story, told)
    assert list(problems(world)) == []
    undisturbed = rows_by_what_they_say()

    found = {}
    for number, step in enumerate(steps):
        beginning.restore()
        world.now = place.now
        assert kill_before(number, story.work, place, *told) == steps[: number + 1]
        come_to_rest(world, story, told)
        found[f"{number}, before {step}"] = [*problems(world), *changes(undisturbed)]
    return {death: wrong for death, wrong in found.items() if wrong}


def come_to_rest(world: World, story: Story, told: Told) -> None:
    """Let everybody do what he does anyway."""
    story.go_on(world, *told)
    world.wait(PAUSE)
    # Whatever has arrived already is posted once more, too.
    world.post_everything()
    world.do_job("missed_events")
    for _ in range(ROUNDS):
        for job in JOBS:
            world.do_job(job)
        world.wait(PAUSE)
        world.post_events(EVENTS_MAX)
        world.do_job("outbox")
    end_reading()


def problems(world: World) -> Iterator[str]:
    """Say what still waits, what the providers' books say otherwise, and what does not add up."""
    yield from left_over()
    yield from differences(world)
    yield from verify_books()


def changes(undisturbed: Counter[str]) -> Iterator[str]:
    """Say which rows stand there otherwise than without a death."""
    rows = rows_by_what_they_say()
    yield from (f"gone: {row}" for row in undisturbed - rows)
    yield from (f"new: {row}" for row in rows - undisturbed)


@on_one_of_both
@pytest.mark.parametrize(
    "story",
    STORIES.values(),
    ids=STORIES,
)
def test_no_death_shows_in_the_end(story: Story, world: World, settings: Settings) -> None:
    assert deaths_that_show(story, world, settings) == {}


@on_sqlite
def test_a_careless_death_shows(world: World, settings: Settings) -> None:
    story = Story(has_too_few_tokens, our_processes.top_up_under_some_other_key)
    shown = deaths_that_show(story, world, settings)
    # Charged, and nobody knows: the worker charges again, under the key that was written down.
    ((death, wrong),) = shown.items()
    assert "payments" in death and "commit" in death
    assert any(line.startswith("payment ('stripe', 'pi_") for line in wrong)
