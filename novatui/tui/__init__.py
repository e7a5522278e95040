"""The Textual application."""

import os

# Textual paints sixty times a second at most. Under a flood the last time is always a moment ago: a key waited 16 ms for the next.
os.environ.setdefault("TEXTUAL_FPS", "120")
