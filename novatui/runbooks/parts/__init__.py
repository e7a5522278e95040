"""Pieces that the runbooks are put together from; pure, like them."""
