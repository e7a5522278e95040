"""The dashboard on a recording instead of a cluster."""
