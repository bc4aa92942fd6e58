"""Live updates: AYON events that say what changed, for panels and agents.

Hints only: at most four a second per project and worker, with ids and site names,
never paths or messages, because AYON's websocket knows no folder access. Whoever gets
one reads the state by REST.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextvars import Context
from dataclasses import dataclass, field

from ..host import EventStream, logging
from ..store.notices import Notices

INTERVAL_SECONDS = 0.25
MOST_IDS = 200
SENDER = "sitesync"


@dataclass
class _Pending:
    """What changed in a project since its last event."""

    representation_ids: set[str] = field(default_factory=set)
    site_names: set[str] = field(default_factory=set)
    overflow: bool = False

    def add(self, representation_ids: Iterable[str], site_names: Iterable[str]) -> None:
        self.site_names.update(site_names)
        for representation_id in representation_ids:
            if len(self.representation_ids) >= MOST_IDS:
                self.overflow |= representation_id not in self.representation_ids
            else:
                self.representation_ids.add(representation_id)

    def summary(self) -> dict[str, object]:
        return {
            "representationIds": sorted(self.representation_ids),
            "siteNames": sorted(self.site_names),
            "overflow": self.overflow,
        }


class LiveUpdates:
    """Collects changes and sends them. Call it after the transaction has ended."""

    def __init__(self, notices: Notices) -> None:
        self._notices = notices
        self._pending: dict[str, _Pending] = {}
        self._senders: dict[str, asyncio.Task[None]] = {}

    def state_changed(
        self,
        project_name: str,
        representation_ids: Iterable[str],
        site_names: Iterable[str],
    ) -> None:
        """Send `sitesync.state` soon: at once if nothing was sent lately."""
        pending = self._pending.setdefault(project_name, _Pending())
        pending.add(representation_ids, site_names)
        self._send_soon(project_name)

    def lists_changed(self, project_name: str) -> None:
        """Send `sitesync.state` with an overflow: what is listed is not the same."""
        self._pending.setdefault(project_name, _Pending()).overflow = True
        self._send_soon(project_name)

    def _send_soon(self, project_name: str) -> None:
        if project_name not in self._senders:
            self._senders[project_name] = asyncio.create_task(
                self._send_states(project_name),
                name=f"sitesync live {project_name}",
                # AYON keeps a request's connection and user in the context.
                context=Context(),
            )

    async def agents_changed(self, site_names: Iterable[str]) -> None:
        names = sorted(site_names)
        await self._dispatch("sitesync.agents", None, {"siteNames": names}, names)

    async def pauses_changed(self) -> None:
        """Tell agents and panels to look at what is paused."""
        await self._dispatch("sitesync.pauses", None, {}, [])

    async def _send_states(self, project_name: str) -> None:
        """Send what is pending, wait out the interval, until nothing is pending."""
        try:
            while pending := self._pending.pop(project_name, None):
                await self._dispatch(
                    "sitesync.state",
                    project_name,
                    pending.summary(),
                    pending.site_names,
                )
                await asyncio.sleep(INTERVAL_SECONDS)
        finally:
            del self._senders[project_name]

    async def _dispatch(
        self,
        topic: str,
        project_name: str | None,
        summary: dict[str, object],
        site_names: Iterable[str],
    ) -> None:
        # Named boundaries: an event that fails must not fail the write it is about.
        try:
            await self._notices.send(topic, project_name, site_names)
        except Exception as error:
            logging.warning(f"Site Sync could not tell of {topic}: {error!r}")
        try:
            await EventStream.dispatch(
                topic,
                project=project_name,
                summary=summary,
                sender=SENDER,
                store=False,
            )
        except Exception as error:
            logging.warning(f"Site Sync could not send {topic}: {error!r}")
