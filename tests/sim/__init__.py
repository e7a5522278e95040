"""The deterministic simulator: the real engine and the real runbook against an in-memory fleet, one seed a schedule."""
