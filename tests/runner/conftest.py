"""Fixtures of the runner's tests."""

from tests.runner.stage import stage as stage
