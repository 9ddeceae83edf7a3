"""The outside world, brought into the words of the domain."""
