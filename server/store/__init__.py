"""The database side: named queries in, plain dicts and domain objects out."""
