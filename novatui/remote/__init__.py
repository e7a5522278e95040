"""How a command reaches a master: its form, its transport, SSH, and the scripts that run there."""
