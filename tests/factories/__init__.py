"""Plain functions that make one thing each: defaults are valid, a test states what matters."""
