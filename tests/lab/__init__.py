"""Real hosts to test on: systemd, journald, sshd, sudo and etcd in containers of this machine. Needs root and Linux.

``Lab`` is what tests use; ``python -m tests.lab up`` starts one for a person. Nothing of it leaves the machine: its
hosts live in a network of their own that has no way out.
"""
