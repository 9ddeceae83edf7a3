"""The app as a WSGI server loads it."""

from app import create_app
from app.config import read_settings

application = create_app(read_settings())
