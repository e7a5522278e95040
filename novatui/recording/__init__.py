"""Recordings: what was seen of a cluster, frame by frame, in one file. Written here, read here; no screen, no network."""
