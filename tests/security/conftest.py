"""Fixtures of the security suite: those of the suites beside it."""

from tests.integration.conftest import clock, pipeline, set_settings

__all__ = ["clock", "pipeline", "set_settings"]
