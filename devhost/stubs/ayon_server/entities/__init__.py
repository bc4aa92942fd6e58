"""Entities that addons use."""

from ayon_server.entities.user import UserEntity

__all__ = ["UserEntity"]
