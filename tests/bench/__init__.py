"""What is promised in figures, measured: ``python -m tests.bench [NAME ..]``. Prints; nothing here fails for being slow."""
