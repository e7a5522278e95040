"""Widgets, one a file; they hold no logic of the domain."""
