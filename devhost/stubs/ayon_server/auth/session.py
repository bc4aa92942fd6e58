"""Sessions of users and API keys, in memory (AYON keeps them in Redis)."""

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from ayon_server.entities import UserEntity

SESSION_SECONDS = 24 * 3600
# AYON's figure. Only REST requests refresh it, so a websocket client calls
# `/api/users/me` before it authenticates.
API_KEY_SESSION_SECONDS = 600


@dataclass
class SessionModel:
    token: str
    user_name: str
    created: float
    last_used: float
    is_api_key: bool = False

    @property
    def is_expired(self) -> bool:
        ttl = API_KEY_SESSION_SECONDS if self.is_api_key else SESSION_SECONDS
        return time.time() - self.last_used > ttl


class Session:
    """The token is the key; for API keys the key itself."""

    sessions: ClassVar[dict[str, SessionModel]] = {}

    @classmethod
    async def check(cls, token: str, request: Any) -> SessionModel | None:
        """The live session of a token; `request` None (websocket) refreshes nothing."""
        session = cls.sessions.get(token)
        if session is None:
            return None
        if session.is_expired:
            del cls.sessions[token]
            return None
        if request is not None:
            session.last_used = time.time()
        return session

    @classmethod
    async def create(
        cls, user: "UserEntity", request: Any = None, token: str | None = None
    ) -> SessionModel:
        now = time.time()
        session = SessionModel(
            token=token or secrets.token_hex(32),
            user_name=user.name,
            created=now,
            last_used=now,
            is_api_key=token is not None,
        )
        cls.sessions[session.token] = session
        return session

    @classmethod
    async def delete(cls, token: str) -> None:
        cls.sessions.pop(token, None)
