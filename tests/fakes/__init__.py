"""Stand-ins for the outside world that keep the domain's protocols and remember what they saw."""
