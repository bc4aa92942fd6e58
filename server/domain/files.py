"""The files of a representation and their entries in `sitesync_files_status.data`.

An *entry* is the JSON object of one file on one site. Others write entries too and
old ones can be broken, so every reader here is total: a missing or odd value has a
defined meaning and nothing raises.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple, TypeGuard

from .status import SiteStatus

Entry = dict[str, Any]
Entries = dict[str, Entry]

PROOFS = frozenset({"content", "storage", "size"})
RETRYABLE_ERRORS = frozenset({"retryable", "quota", "missing_source", "corrupt"})

# An upstream agent holds no lease: its work counts as abandoned after this time.
ABANDONED_SECONDS = 15 * 60
MAX_BIGINT = 2**63 - 1
MAX_MESSAGE_LENGTH = 2000

# Looked up for each file of large claims and reports: quicker than making a member.
_STATUSES: dict[float, SiteStatus] = {int(status): status for status in SiteStatus}
_NOT_AVAILABLE = SiteStatus.NOT_AVAILABLE
_RUNNING, _QUEUED = int(SiteStatus.IN_PROGRESS), int(SiteStatus.QUEUED)

# What a finished or queued file no longer has.
FAILURE_KEYS = ("message", "next", "error")
# Error class of a file that an agent did not find where it should be: no agent reports
# it of what he was to bring.
MISSING = "missing"
PROOF_KEYS = ("proof", "proven")
_LOST_AT_START = frozenset({*FAILURE_KEYS, *PROOF_KEYS})
# Who wrote an entry, where that was the server by itself: see `reconciliation`.
WRITER_KEY = "by"


# Of one entry of `representation.files`, in the order of `RepresentationFile`.
_values_of = itemgetter("id", "path", "size", "hash", "hash_type")


class RepresentationFile(NamedTuple):
    """One entry of `representation.files`; large claims make thousands of them."""

    id: str
    path: str
    size: int
    hash: str
    hash_type: str

    @property
    def base_name(self) -> str:
        return self.path.rsplit("/", 1)[-1]


def parse_files(raw: object) -> list[RepresentationFile]:
    """Read `representations.files`; what has no id is left out."""
    if not isinstance(raw, list):
        return []
    files = _parse_plain(raw)
    return _parse_any(raw) if files is None else files


def _parse_plain(raw: list[Any]) -> list[RepresentationFile] | None:
    """Read files that have all values, of the right types; None: some do not."""
    files = []
    for item in raw:
        try:
            row = file_id, path, size, digest, kind = _values_of(item)
        except (KeyError, TypeError):
            return None
        if not (
            type(file_id) is str
            and type(path) is str
            and type(size) is int
            and 0 <= size <= MAX_BIGINT
            and type(digest) is str
            and type(kind) is str
            and kind
        ):
            return None
        files.append(tuple.__new__(RepresentationFile, row))
    return files


def _parse_any(raw: list[Any]) -> list[RepresentationFile]:
    files = []
    for item in raw:
        if not isinstance(item, dict) or not isinstance(item.get("id"), str):
            continue
        files.append(
            RepresentationFile(
                item["id"],
                _text(item.get("path")),
                whole_number(item.get("size")),
                _text(item.get("hash")),
                _text(item.get("hash_type")) or "md5",
            )
        )
    return files


def parse_entries(data: object) -> Entries:
    """Read the entries out of a row's `data`; what is no object becomes empty.

    They are those of `data`, not copies: nothing here changes an entry in place.
    """
    files = data.get("files") if isinstance(data, dict) else None
    if not isinstance(files, dict):
        return {}
    return {
        file_id: entry if isinstance(entry, dict) else {}
        for file_id, entry in files.items()
    }


def is_number(value: object) -> TypeGuard[int | float]:
    # The plain types that JSON makes: True is no number.
    return type(value) is int or type(value) is float


def whole_number(value: Any) -> int:
    """Return `value` cut to a whole number in 0 .. 2^63-1; 0 for anything else."""
    if type(value) is int and 0 <= value <= MAX_BIGINT:
        return value
    if not is_number(value):
        return 0
    return min(max(int(value), 0), MAX_BIGINT)


def entry_status(entry: Mapping[str, Any]) -> SiteStatus:
    value = entry.get("status")
    if type(value) is int or is_number(value):
        return _STATUSES.get(value, _NOT_AVAILABLE)
    return _NOT_AVAILABLE


def entry_size(entry: Mapping[str, Any]) -> int:
    return whole_number(entry.get("size"))


def entry_timestamp(entry: Mapping[str, Any]) -> float:
    value = entry.get("timestamp")
    return max(float(value), 0.0) if is_number(value) else 0.0


def entry_retries(entry: Mapping[str, Any]) -> int:
    value = entry.get("retries")
    return 0 if value is None else whole_number(value)


def entry_hash(entry: Mapping[str, Any]) -> str:
    return _text(entry.get("hash"))


def entry_message(entry: Mapping[str, Any]) -> str | None:
    value = entry.get("message")
    return value if isinstance(value, str) else None


def entry_next(entry: Mapping[str, Any]) -> float | None:
    """Return when a FAILED file is due again; None when it stays failed."""
    value = entry.get("next")
    return max(float(value), 0.0) if is_number(value) else None


def is_verified(entry: Mapping[str, Any]) -> bool:
    """Tell a SYNCED that our agent proved from one that somebody said.

    The proof names the timestamp it belongs to. Any other writer sets a new
    timestamp and does not know the proof, which makes it void.
    """
    return entry_status(entry) == SiteStatus.SYNCED and has_proof(entry)


def has_proof(entry: Mapping[str, Any]) -> bool:
    """Tell whether the proof of an entry that is SYNCED is a valid one."""
    proof, proven = entry.get("proof"), entry.get("proven")
    return (
        type(proof) is str
        and proof in PROOFS
        and is_number(proven)
        and is_number(entry.get("timestamp"))
        and proven == entry["timestamp"]
    )


def entry_proof(entry: Mapping[str, Any]) -> str | None:
    return str(entry["proof"]) if is_verified(entry) else None


def new_entry(
    file: RepresentationFile, status: SiteStatus, timestamp: int = 0
) -> Entry:
    return {
        "hash": file.hash,
        "status": int(status),
        "size": 0,
        "timestamp": timestamp,
    }


def rebuild_entries(
    files: Iterable[RepresentationFile],
    status: SiteStatus = SiteStatus.NOT_AVAILABLE,
    timestamp: int = 0,
) -> Entries:
    """Make fresh entries for the files of a representation."""
    return {file.id: new_entry(file, status, timestamp) for file in files}


@dataclass(frozen=True)
class PostedFile:
    """What a caller without a lease says about one file."""

    id: str
    status: SiteStatus
    size: int
    timestamp: int
    message: str | None
    retries: int
    progress: float | None


def merge_post(entry: Entry, posted: PostedFile, file_size: int) -> Entry:
    """Return `entry` with the posted values, as the existing addon merges them.

    An empty message or zero retries remove the stored key. `progress` (0 to 1) of
    a running file that tells no size becomes its size in bytes.
    """
    dropped = (*PROOF_KEYS, "next", "error", WRITER_KEY)
    merged = {key: value for key, value in entry.items() if key not in dropped}
    size = posted.size
    running = posted.status == SiteStatus.IN_PROGRESS
    if running and not size and posted.progress is not None:
        size = int(file_size * min(max(posted.progress, 0.0), 1.0))
    merged.update(status=int(posted.status), size=size, timestamp=posted.timestamp)
    for key, value in (("message", posted.message), ("retries", posted.retries)):
        if value:
            merged[key] = value
        else:
            merged.pop(key, None)
    return merged


def without_proof(entry: Entry) -> Entry:
    return {key: value for key, value in entry.items() if key not in PROOF_KEYS}


def keep_synced(entry: Entry, timestamp: int) -> Entry:
    """Keep a last copy SYNCED, but unverified: an agent has to look at it again."""
    kept = without_proof(entry)
    kept.update(status=int(SiteStatus.SYNCED), timestamp=timestamp)
    return kept


def claimed_copy(entry: Entry, timestamp: int) -> Entry:
    """Return what an alias of a site says of a file that is SYNCED there."""
    return {
        "hash": _text(entry.get("hash")),
        "status": int(SiteStatus.SYNCED),
        "size": entry_size(entry),
        "timestamp": timestamp,
    }


def prove(entry: Entry, proof: str, now: float) -> Entry:
    """Add a proof to a SYNCED entry without touching what it says."""
    timestamp = min(whole_number(entry.get("timestamp")), proof_timestamp(now))
    proven = entry.copy()
    proven["timestamp"] = proven["proven"] = timestamp
    proven["proof"] = proof
    if WRITER_KEY in proven:
        del proven[WRITER_KEY]
    return proven


def proof_timestamp(now: float) -> int:
    """The timestamp of an entry that is proven at `now`: the second before.

    Others write the whole second of their clock and keep keys that they do not know.
    So no later write of theirs, not even one in this second, repeats the timestamp
    that the proof names.
    """
    return max(int(now) - 1, 0)


def requeue(entry: Entry, now: float) -> Entry:
    """Put a file back into the queue; its count of failures stays."""
    dropped = (*FAILURE_KEYS, *PROOF_KEYS)
    queued = {key: value for key, value in entry.items() if key not in dropped}
    queued.update(status=int(SiteStatus.QUEUED), size=0, timestamp=int(now))
    return queued


def return_running(entries: Entries, now: float) -> Entries:
    """Return every IN_PROGRESS file to the queue: its lease has ended."""
    running = [
        file_id
        for file_id, entry in entries.items()
        if entry_status(entry) == SiteStatus.IN_PROGRESS
    ]
    if not running:
        return entries
    return {**entries, **{each: requeue(entries[each], now) for each in running}}


def due_ids(entries: Entries, now: float, changed_at: float) -> list[str]:
    """Return the files that an agent may take now, on a row without a lease.

    Due are QUEUED files, FAILED ones whose next attempt has come, and IN_PROGRESS
    ones of a row that nobody has written for 15 minutes.
    """
    abandoned = changed_at + ABANDONED_SECONDS <= now
    return [
        file_id
        for file_id, entry in entries.items()
        # Nearly all are QUEUED, thousands in a claim: those without a call.
        if (type(status := entry.get("status")) is int and status == _QUEUED)
        or _is_due(entry, now, abandoned)
    ]


def _is_due(entry: Entry, now: float, abandoned: bool) -> bool:
    status = entry_status(entry)
    if status == SiteStatus.FAILED:
        next_at = entry_next(entry)
        return next_at is not None and next_at <= now
    if status == SiteStatus.IN_PROGRESS:
        return abandoned
    return status == SiteStatus.QUEUED


def start_files(entries: Entries, file_ids: Iterable[str], now: float) -> Entries:
    """Mark files IN_PROGRESS with nothing done; the reason of a failure goes."""
    started = dict(entries)
    timestamp = int(now)
    for file_id in file_ids:
        entry = entries[file_id].copy()
        if not _LOST_AT_START.isdisjoint(entry):
            for key in _LOST_AT_START & entry.keys():
                del entry[key]
        entry["status"], entry["size"], entry["timestamp"] = _RUNNING, 0, timestamp
        started[file_id] = entry
    return started


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
