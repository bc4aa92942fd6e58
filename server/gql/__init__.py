"""GraphQL: the same reads as REST, with the same access, in one request."""
