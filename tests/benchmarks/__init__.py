"""What `make bench` runs: ratios against a limit that is measured in the same run."""
