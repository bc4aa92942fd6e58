"""Publishing that goes on whatever happens."""

from __future__ import annotations

import threading
import time

from tests.chaos.studio import Studio


class PublisherThread:
    """Publishes until it is stopped, through all faults; loses nothing itself."""

    def __init__(self, studio: Studio, pause_seconds: float) -> None:
        self._studio = studio
        self._pause = pause_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.published = self.republished = self.deleted = self.refused = 0

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        """Stop, and tell the server what it was not reachable for."""
        self._stop.set()
        self._thread.join()
        for entry in self._studio.ledger.values():
            self._studio.tell(entry)

    def _run(self) -> None:
        while not self._stop.wait(self._pause * self._studio.chance.random() * 2):
            try:
                self._do_something()
            except Exception:  # the server is away; the next turn goes on
                self.refused += 1
                time.sleep(0.5)

    def _do_something(self) -> None:
        studio = self._studio
        entries = list(studio.ledger.values())
        for entry in entries:
            if entry.untold or not entry.is_described:
                studio.tell(entry)
        what = studio.chance.random()
        if what < 0.8 or not entries:
            studio.publish()
            self.published += 1
        elif what < 0.95:
            studio.publish_again(studio.chance.choice(entries))
            self.republished += 1
        else:
            studio.delete(studio.chance.choice(entries))
            self.deleted += 1
