"""Frozen data that every other package shares; standard library and msgspec only."""
