"""Settings of the server process."""

from dataclasses import dataclass


@dataclass
class AyonConfig:
    """What the stand-in needs of AYON's process settings.

    The devhost sets `postgres_url` before it connects.
    """

    postgres_url: str = ""
    postgres_pool_size: int = 64
    postgres_pool_timeout: int = 20


ayonconfig = AyonConfig()
