"""What `make litellm` runs: the gateways themselves, as they are published, against our app."""
