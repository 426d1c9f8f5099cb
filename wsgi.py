"""The application as servers and the ``flask`` command find it."""

from app import create_app
from app.logs import configure_logging
from config import load_settings
from services.platform import open_platform

_settings = load_settings()
configure_logging(_settings)
app = create_app(open_platform(_settings))
