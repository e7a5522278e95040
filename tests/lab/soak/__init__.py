"""A random soak on real hosts: a random fault at a random step of a random runbook, then resume or undo as a person would.

One seed an iteration decides everything but time itself: what is broken, which recovery is run, what happens at which
point of it, and what the person does then. After each what SAFETY.md promises is looked at on the hosts.
"""
