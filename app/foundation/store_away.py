"""What is raised when the database cannot be reached, is shutting down or gave up waiting."""

from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError

# The last, when all connections to it stayed busy.
STORE_AWAY = (OperationalError, InterfaceError, TimeoutError)
