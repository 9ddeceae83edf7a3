"""Which tests stay on one worker, one after the other: those that share what takes long to start.

xdist's own marks (3.8) are not seen by pytest 9.2, so the groups are told from the tests' names.
"""

import re

from xdist.scheduler import LoadScopeScheduling

# Each worker would start the same installations, and the same browser, for its own journeys.
DEMO = re.compile(r"tests/journeys/test_(every_page|first_visit)\.py")
INSTALLATIONS = re.compile(r"tests/journeys/")
# What shares nothing, and would be too much for one worker: each case is its own group.
ALONE = re.compile(r"tests/properties/test_deaths\.py|tests/proofs/")


def group_of(name: str) -> str:
    """Return the group of a test by its name: its file's, unless it is better off otherwise."""
    if DEMO.match(name):
        return "journeys through the demo"
    if INSTALLATIONS.match(name):
        return "journeys through installations"
    return name if ALONE.match(name) else name.partition("::")[0]


class Groups(LoadScopeScheduling):
    """Gives a group to whichever worker has the least left to do."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
