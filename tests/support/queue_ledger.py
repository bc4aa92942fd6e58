"""What the queue's state machine expects of the server, kept apart from its rows.

Only what was published, ordered and answered is written down here. What the server's
rows say does not take anything out of it, so that what they forget is seen.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.support.queue_stores import SOURCES, STORES, Content, Publish, Stores

Pair = tuple[str, str]
"""A representation's id and a site."""


@dataclass
class Ledger:
    """`wanted`: what must be there in the end, where it can be brought.

    `proofs` are what accepted reports have shown: representation, site, path, checksum.
    `mistakes` are contents that somebody wrongly said to be on a store. `arrived`:
    files (representation, site, id) that came to a site under its other name, to be
    seen there at the next look. `attempts` bounds the failures of a file.
    """

    attempts: int
    wanted: set[Pair] = field(default_factory=set)
    proofs: set[tuple[str, str, str, str]] = field(default_factory=set)
    mistakes: set[tuple[str, str, Content]] = field(default_factory=set)
    arrived: set[tuple[str, str, str]] = field(default_factory=set)

    def forget(self, publish: Publish) -> None:
        self.wanted = {pair for pair in self.wanted if pair[0] != publish.id}

    def note_mistake(self, publish: Publish, site: str) -> None:
        for path, content in publish.contents.items():
            self.mistakes.add((STORES[site], path, content))

    def is_mistaken(self, site: str, path: str, content: Content) -> bool:
        return (STORES[site], path, content) in self.mistakes

    def note_report(
        self, transfer: dict[str, Any], files: list[dict[str, Any]]
    ) -> None:
        """Files were reported SYNCED, and the server took the report."""
        paths = {file["id"]: file["path"] for file in transfer["files"]}
        for file in files:
            sites = [transfer["siteName"]]
            if file["sourceRead"]:
                sites.append(transfer["sourceSite"])
            for site in sites:
                self.proofs.add(
                    (
                        transfer["representationId"],
                        site,
                        paths[file["id"]],
                        file["checksum"],
                    )
                )

    def void_proofs(self, pair: Pair) -> None:
        """Somebody wrote the row, or wants its files looked at again."""
        self.proofs = {proof for proof in self.proofs if proof[:2] != pair}

    def note_deletion(self, site: str, path: str) -> None:
        """A file is gone from a store, under all its names."""
        self.proofs = {
            proof
            for proof in self.proofs
            if proof[2] != path or STORES[proof[1]] != STORES[site]
        }

    def reachable(self, publish: Publish, stores: Stores) -> set[str]:
        """Return the sites that want a publish, and have it or can be brought it."""
        wanted = {site for each, site in self.wanted if each == publish.id}
        found = {site for site in wanted if stores.has_content(site, publish)}
        while more := {site for site in wanted - found if SOURCES[site] & found}:
            found |= more
        return found
