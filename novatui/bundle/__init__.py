"""The support bundle: what of a cluster the vendor may see, by an allow-list, secrets masked, in one archive."""
