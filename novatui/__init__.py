"""novatui: full-screen etcd recovery for the masters of a Nova Container Platform cluster."""

__version__ = "0.1.0"
