"""What to do, as data: one file a runbook; nothing here does I/O."""
