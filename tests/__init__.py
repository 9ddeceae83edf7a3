"""The tests: they mirror app/, and run on SQLite and on PostgreSQL."""
