"""Doing it: the engine, its write-ahead journal, the lease on the masters, the process and its client."""
