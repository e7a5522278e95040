"""The embedded cluster: a supervisor process, real etcds, one SSH server a master."""
