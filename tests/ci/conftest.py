"""Fixtures that these suites share with the integration and the browser tests."""

from tests.e2e.conftest import page
from tests.integration.conftest import pipeline, set_settings

__all__ = ["page", "pipeline", "set_settings"]
