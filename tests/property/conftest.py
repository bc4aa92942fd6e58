"""Fixtures that the property tests share with the integration tests."""

from tests.integration.conftest import clock

__all__ = ["clock"]
