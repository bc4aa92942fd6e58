"""Reports of agents: results of files, applied under the lease that they name.

A report whose lease is not the row's, or has expired, changes nothing. What arrives
on a site arrives on its aliases in the same transaction, and a source whose content
was read for a content-verified file is verified by that. A file that is missing at the
source is recorded against the source and its aliases, so that another is tried.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from ..domain.copies import synced_ids
from ..domain.file_reports import (
    FileReport,
    apply_report,
    mark_lacking,
)
from ..domain.files import (
    MAX_BIGINT,
    Entries,
    RepresentationFile,
    entry_status,
    has_proof,
    parse_files,
    prove,
    return_running,
)
from ..domain.pauses import Pauses
from ..domain.rollup import count_entries, sum_sizes
from ..domain.site import ProjectSites
from ..domain.status import SiteStatus
from ..domain.transfer import LEASE_SECONDS, Lease
from ..host import Postgres
from ..sql import QueryFile
from .checksums import ChecksumKey, write_checksums
from .leases import (
    AttemptCount,
    Holder,
    count_attempts,
    find_unseen,
    lease_columns,
    read_leases,
)
from .posts import propagate
from .rows import (
    Row,
    RowKey,
    current_time,
    lock_representations,
    lock_rows,
    write_rows,
)
from .turns import in_turns

_SQL = QueryFile("transfers")

# Compared for each file of large reports: names are quicker than members.
_SYNCED, _FAILED = SiteStatus.SYNCED, SiteStatus.FAILED

LoadSites = Callable[[str, str], Awaitable[ProjectSites]]
LoadPauses = Callable[[], Awaitable[Pauses]]


@dataclass(frozen=True)
class TransferReport:
    """What an agent says about one transfer."""

    lease: Lease
    files: list[FileReport]
    finished: bool

    @property
    def key(self) -> RowKey:
        return self.lease.representation_id, self.lease.site_name


@dataclass(frozen=True)
class TransferResult:
    """The answer, and what was not accepted.

    `held`, `finished`, `lost`; or `paused`, `cancelled`: somebody ordered that.
    """

    report: TransferReport
    state: str
    expires_at: float | None = None
    rejected: list[dict[str, str]] = field(default_factory=list)


@dataclass
class _Batch:
    """What one transaction works on, and what it will write."""

    project_name: str
    now: float
    sites: dict[str, ProjectSites]
    pauses: Pauses
    rows: dict[RowKey, Row]
    leases: dict[RowKey, Any]
    files: dict[str, list[RepresentationFile]]
    sizes: dict[str, int]
    changed: dict[RowKey, Row] = field(default_factory=dict)
    attempts: list[AttemptCount] = field(default_factory=list)
    # Digest, size and site.
    checksums: dict[ChecksumKey, tuple[str, int, str]] = field(default_factory=dict)
    ended: list[Lease] = field(default_factory=list)
    # Sources of which this agent is not believed that files are missing.
    unseen: frozenset[str] = frozenset()

    def put(self, row: Row) -> None:
        self.rows[row.key] = self.changed[row.key] = row


class ReportStore:
    """Applies reports, one transaction per project."""

    def __init__(self, load_sites: LoadSites, load_pauses: LoadPauses) -> None:
        """`load_sites(project, variant)` gives retry and alias rules."""
        self._load_sites = load_sites
        self._load_pauses = load_pauses

    async def apply(
        self, project_name: str, holder: Holder, reports: list[TransferReport]
    ) -> tuple[list[TransferResult], set[RowKey]]:
        """Apply reports; return the answers and the keys of the rows that changed."""
        leases = [report.lease for report in reports]
        held = await read_leases(project_name, holder, leases)
        sites = {
            variant: await self._load_sites(project_name, variant)
            for variant in {lease["variant"] for lease in held.values()}
        }
        async with Postgres.transaction():
            batch = await self._lock(project_name, holder, reports, held, sites)
            results = [_apply(batch, report) async for report in in_turns(reports)]
            kept = [each.report.lease for each in results if each.state == "held"]
            await self._write(batch, holder, kept)
        results = await self._explain_losses(project_name, holder, results)
        return results, set(batch.changed)

    async def _explain_losses(
        self, project_name: str, holder: Holder, results: list[TransferResult]
    ) -> list[TransferResult]:
        """Tell leases that an order ended from those that were lost."""
        tokens = [each.report.lease.token for each in results if each.state == "lost"]
        if not tokens:
            return results
        rows = await Postgres.fetch(
            _SQL.get("stopped_attempts", project_name), tokens, holder.agent_id
        )
        ordered = {row["token"]: row["outcome"] for row in rows}
        return [
            replace(each, state=ordered.get(each.report.lease.token, each.state))
            for each in results
        ]

    async def _lock(
        self,
        project_name: str,
        holder: Holder,
        reports: list[TransferReport],
        held: dict[RowKey, Any],
        sites: dict[str, ProjectSites],
    ) -> _Batch:
        """Lock the rows of targets, sources and aliases; then look at leases again."""
        leases = [report.lease for report in reports]
        ids = sorted({key[0] for key in held})
        names: set[str] = set()
        missed = {
            held[report.key]["source_site"]
            for report in reports
            if report.key in held and any(file.misses_source for file in report.files)
        }
        for (_, site_name), lease in held.items():
            ends = {site_name, lease["source_site"]}
            names = names.union(
                ends,
                *(
                    sites[lease["variant"]].aliases(name)
                    for name in ends & (missed | {site_name})
                ),
            )
        await lock_representations(project_name, ids)
        rows = await lock_rows(project_name, ids, names)
        now = await current_time(project_name)
        records = await Postgres.fetch(_SQL.get("files_of", project_name), ids)
        files = {
            record["id"]: parse_files(record["files"])
            async for record in in_turns(records)
        }
        return _Batch(
            project_name=project_name,
            now=now,
            sites=sites,
            pauses=await self._load_pauses(),
            rows=rows,
            leases=await read_leases(project_name, holder, leases),
            files=files,
            sizes={
                each["id"]: sum_sizes(each["files"], files[each["id"]])
                for each in records
            },
            unseen=await find_unseen(project_name, holder, missed),
        )

    async def _write(self, batch: _Batch, holder: Holder, kept: list[Lease]) -> None:
        """Write what a batch changes; extend the leases that are kept."""
        project = batch.project_name
        await write_rows(project, batch.changed.values(), batch.sizes)
        await count_attempts(project, batch.attempts, batch.now)
        await write_checksums(project, batch.checksums, batch.now)
        if batch.ended:
            await Postgres.execute(
                _SQL.get("end_leases", project), *lease_columns(batch.ended)
            )
        if kept:
            await Postgres.fetch(
                _SQL.get("renew_leases", project),
                *lease_columns(kept),
                holder.agent_id,
                holder.user_name,
                batch.now,
                batch.now + LEASE_SECONDS,
            )


def _apply(batch: _Batch, report: TransferReport) -> TransferResult:
    """Apply one report to the batch."""
    lease, row = batch.leases.get(report.key), batch.rows.get(report.key)
    if lease is None or row is None or lease["token"] != report.lease.token:
        return TransferResult(report, "lost")
    sites = batch.sites[lease["variant"]]
    sizes = {file.id: file.size for file in batch.files.get(report.key[0], [])}
    accepted, rejected = _sort_out(report.files, row.entries, sizes)
    accepted = _blame_source(
        batch, report.key[0], lease["source_site"], sites, accepted
    )
    entries = dict(row.entries)
    for file in accepted:
        entries[file.id] = apply_report(
            entries[file.id], file, batch.now, sites.retry_count, _chance()
        )
    state = _state(batch, report, lease["source_site"])
    if state != "held":
        entries = return_running(entries, batch.now)
        batch.ended.append(report.lease)
    if entries != row.entries:
        batch.put(row.with_entries(entries))
        _propagate(batch, batch.rows[report.key], sites)
    _verify_source(batch, report.key[0], lease["source_site"], accepted)
    outcome: str | None = None
    if state != "held":
        outcome = "paused" if state == "paused" else _outcome(batch.rows[report.key])
    _note(batch, report, accepted, lease["token"], outcome)
    expires_at = batch.now + LEASE_SECONDS if state == "held" else None
    return TransferResult(report, state, expires_at, rejected)


def _state(batch: _Batch, report: TransferReport, source_site: str) -> str:
    """Return what a transfer is after its report; a pause ends its lease."""
    if report.finished:
        return "finished"
    ends = [report.key[1], source_site]
    return "paused" if batch.pauses.cover(batch.project_name, ends) else "held"


def _chance() -> float:
    return random.random()  # spreads retries, protects nothing


def _sort_out(
    files: list[FileReport], entries: Entries, sizes: dict[str, int]
) -> tuple[list[FileReport], list[dict[str, str]]]:
    """Return what is taken, and why the rest is not. A size of 0 is unknown."""
    accepted, rejected = [], []
    for file in files:
        if file.id not in entries:
            code, detail = (
                "unknown_file",
                "the representation has no such file any more: it was published again",
            )
        elif problem := _find_unproven(file, sizes.get(file.id, 0)):
            code, detail = problem
        else:
            accepted.append(file)
            continue
        rejected.append({"id": file.id, "errorCode": code, "detail": detail})
    return accepted, rejected


def _find_unproven(file: FileReport, size: int) -> tuple[str, str] | None:
    """Return why a file is not taken as SYNCED; None if it is, or does not say so."""
    if file.status is not _SYNCED:
        return None
    if file.proof is None:
        return "proof_missing", "status 4 needs a proof: verify the file"
    if file.proof == "content" and file.checksum is None:
        return "checksum_missing", "proof 'content' needs the checksum of what was read"
    if size and file.bytes_done != size:
        return (
            "size_mismatch",
            f"bytesDone is {file.bytes_done}, the published file has {size} bytes",
        )
    return None


def _propagate(batch: _Batch, row: Row, sites: ProjectSites) -> None:
    files = batch.files.get(row.representation_id, [])
    for alias in propagate(row, batch.rows, sites, files, int(batch.now)):
        batch.put(alias)


def _blame_source(
    batch: _Batch,
    representation_id: str,
    source_site: str,
    sites: ProjectSites,
    accepted: list[FileReport],
) -> list[FileReport]:
    """Record what the source lacks; return the reports with what follows for them."""
    missed = {file.id: file.message for file in accepted if file.misses_source}
    if not missed or source_site in batch.unseen:
        return accepted
    lacking: set[str] = set()
    for name in {source_site} | sites.aliases(source_site):
        row = batch.rows.get((representation_id, name))
        if row is None:
            continue
        gone = missed.keys() & synced_ids(row.entries)
        if gone:
            marked = {
                file_id: mark_lacking(row.entries[file_id], missed[file_id], batch.now)
                for file_id in gone
            }
            batch.put(row.with_entries({**row.entries, **marked}))
            lacking |= gone
    return [file._replace(is_source_lacking=file.id in lacking) for file in accepted]


def _verify_source(
    batch: _Batch, representation_id: str, source_site: str, accepted: list[FileReport]
) -> None:
    """A verified copy proves the file that it was read from, if nothing did yet."""
    row = batch.rows.get((representation_id, source_site))
    if row is None:
        return
    proven = {}
    entries = row.entries
    for file in accepted:
        if file.proof != "content" or not file.is_source_read:
            continue
        entry = entries.get(file.id)
        if (
            entry is not None
            and file.status is _SYNCED
            and entry_status(entry) is _SYNCED
            and not ("proof" in entry and has_proof(entry))
        ):
            proven[file.id] = prove(entry, "content", batch.now)
    if proven:
        batch.put(row.with_entries({**row.entries, **proven}))


def _note(
    batch: _Batch,
    report: TransferReport,
    accepted: list[FileReport],
    token: str,
    outcome: str | None,
) -> None:
    """Record the checksums and the history of a report; an outcome ends the run."""
    synced = [file for file in accepted if file.status is _SYNCED]
    failed = [file for file in accepted if file.status is _FAILED]
    for file in synced:
        if file.checksum is not None:
            algorithm, digest = file.checksum.split(":", 1)
            representation_id, site_name = report.key
            batch.checksums[(representation_id, file.id, algorithm)] = (
                digest,
                file.bytes_done,
                site_name,
            )
    if not (synced or failed or outcome):
        return
    batch.attempts.append(
        AttemptCount(
            token,
            synced=len(synced),
            failed=len(failed),
            bytes_done=min(sum(file.bytes_done for file in synced), MAX_BIGINT),
            errors=tuple(
                {"id": file.id, "errorClass": file.error_class, "message": file.message}
                for file in failed
            ),
            outcome=outcome,
        )
    )


def _outcome(row: Row) -> str:
    statuses = (row.counts or count_entries(row.entries)).statuses
    if statuses <= {SiteStatus.SYNCED}:
        return "synced"
    return "failed" if SiteStatus.FAILED in statuses else "partial"
