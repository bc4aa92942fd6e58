"""Settings of the providers, one module per code."""
