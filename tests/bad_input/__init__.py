"""Bad input on one real cluster: a row a case, each refused in words that help, nothing changed."""
