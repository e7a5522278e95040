"""The embedded cluster: three real TLS etcd members and three "masters" reachable over real SSH, on loopback, without root.

Real are etcd and its data, TLS, SSH, the shell and every file. Make-believe are only the stand-ins that lie first on a
master's PATH (``systemctl``, ``journalctl``, ``systemd-run``, ``systemd-id128``, ``sudo``, ``restorecon``): they talk to
the unit daemon of the supervisor, which behaves as systemd 252 does for what novatui asks of it and refuses the rest
in words. ``tests/demo/conformance.py`` holds what both must do; it can be run against a real host.

A demo is two processes: the *keeper* (``python -m novatui.demo.supervisor``), which outlives any accident and sweeps
up, and its child the *supervisor*, which does everything else. ``novatui.demo.client.Demo`` starts and steers them.
"""
