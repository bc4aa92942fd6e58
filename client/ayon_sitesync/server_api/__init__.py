"""Requests to the server half; the only package that imports ayon_api."""
