"""Read-only looks at a master, each a command and a pure parser; the collector turns them into snapshots."""
