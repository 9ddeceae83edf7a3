"""Whom the journal names for what was done on the command line."""

ACTOR = "operator:command line"
