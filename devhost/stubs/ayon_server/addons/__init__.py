"""The base class of server addons."""

from ayon_server.addons.addon import BaseServerAddon

__all__ = ["BaseServerAddon"]
