"""The gateways themselves, as they are published, against our app; and what they have sent.

`make litellm` runs them. What stands in `captured/` is posted in every run of the tests.
"""
