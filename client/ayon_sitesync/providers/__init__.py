"""Kinds of storage. `base` holds the contract, `registry` the list."""
