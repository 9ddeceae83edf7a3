"""The worker: what is done without anybody waiting for the answer."""
