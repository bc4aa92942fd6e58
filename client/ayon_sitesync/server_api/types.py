"""The wire contract's JSON to plain values and back.

Decoders take what a server of another version may add and leave out what is optional;
a missing key that the contract promises raises `ServerError` naming it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from ..errors import RequestRefusedError, ServerError, make_refusal
from ..work import (
    Claim,
    ClaimRequest,
    FileReport,
    Health,
    LeaseKey,
    Removal,
    RemovalAnswer,
    RemovalFile,
    RemovalReport,
    ReportAnswer,
    ScanOrder,
    Transfer,
    TransferAnswer,
    TransferFile,
    TransferKey,
    TransferReport,
)

Json = Mapping[str, Any]
_CONTENT_HASH_TYPES = ("md5", "sha1", "sha256")


def _encode_key(key: TransferKey) -> dict[str, Any]:
    return {
        "projectName": key.project_name,
        "representationId": key.representation_id,
        "siteName": key.site_name,
    }


def encode_claim(request: ClaimRequest) -> dict[str, Any]:
    """Body of `POST /-/claim`."""
    agent = request.agent
    return {
        "agent": {
            "id": agent.id,
            "runId": agent.run_id,
            "siteName": agent.site_name,
            "hostname": agent.hostname,
            "version": agent.version,
            "roots": {name: dict(roots) for name, roots in agent.roots.items()},
        },
        "projects": None if request.projects is None else list(request.projects),
        "serve": list(request.serve),
        "exclude": [
            {"projectName": site.project_name, "siteName": site.site_name}
            for site in request.exclude
        ],
        "variant": request.variant,
        "maxTransfers": request.max_transfers,
        "maxFiles": request.max_files,
        "maxBytes": request.max_bytes,
        "maxRemovals": request.max_removals,
        "takesScans": request.takes_scans,
        **_encode_health(request.health),
    }


def _encode_health(health: Optional[Health]) -> dict[str, Any]:
    """The field `health`; nothing when there is nothing to tell."""
    if health is None:
        return {}
    content = {
        "bytesPerSecond": health.bytes_per_second,
        "sites": [
            {
                "projectName": problem.place.project_name,
                "siteName": problem.place.site_name,
                "code": problem.code,
                "message": problem.message,
                "since": problem.since,
            }
            for problem in health.problems
        ],
    }
    return {"health": content}


def _encode_file(report: FileReport) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": report.id,
        "status": report.status,
        "bytesDone": report.bytes_done,
    }
    if report.checksum is not None:
        body["checksum"] = report.checksum
        body["proof"] = report.proof
        body["sourceRead"] = report.source_read
    if report.error_class is not None:
        body["errorClass"] = report.error_class
        body["message"] = report.message
        body["retryAfterSeconds"] = report.retry_after
    return body


def encode_report(
    agent_id: str,
    reports: Sequence[TransferReport],
    claim: Optional[ClaimRequest],
    health: Optional[Health] = None,
) -> dict[str, Any]:
    """Body of `POST /-/report`."""
    return {
        "agentId": agent_id,
        "transfers": [
            {
                **_encode_key(report.key),
                "leaseToken": report.lease_token,
                "finished": report.finished,
                "files": [_encode_file(file) for file in report.files],
            }
            for report in reports
        ],
        "claim": None if claim is None else encode_claim(claim),
        **_encode_health(health),
    }


def encode_release(
    agent_id: str, leases: Sequence[LeaseKey], *, stopping: bool
) -> dict[str, Any]:
    """Body of `POST /-/release`."""
    return {
        "agentId": agent_id,
        "stopping": stopping,
        "leases": [
            {**_encode_key(lease.key), "leaseToken": lease.lease_token}
            for lease in leases
        ],
    }


def decode_claim(data: Json) -> Claim:
    """Answer of `POST /-/claim`."""
    try:
        return Claim(
            tuple(_decode_transfer(item) for item in data["transfers"]),
            float(data["leaseSeconds"]),
            data.get("nextDueInSeconds"),
            int(data["pending"]),
            tuple(_decode_removal(item) for item in data.get("removals") or ()),
            tuple(
                ScanOrder(
                    str(item["projectName"]),
                    str(item["siteName"]),
                    float(item["requestedAt"]),
                )
                for item in data.get("scans") or ()
            ),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _make_shape_error("claim", error) from error


def _decode_removal(data: Json) -> Removal:
    return Removal(
        _decode_key(data),
        str(data["lease"]["token"]),
        tuple(RemovalFile(str(f["id"]), str(f["path"])) for f in data["files"]),
    )


def encode_removals(agent_id: str, reports: Sequence[RemovalReport]) -> dict[str, Any]:
    """Body of `POST /-/report` that tells of removals."""
    return {
        "agentId": agent_id,
        "removals": [
            {
                **_encode_key(report.key),
                "leaseToken": report.lease_token,
                "deleted": list(report.deleted),
                "failed": [
                    {
                        "id": failure.id,
                        "errorClass": failure.error_class,
                        "message": failure.message,
                    }
                    for failure in report.failed
                ],
                "finished": report.finished,
            }
            for report in reports
        ],
    }


def decode_removal_answers(data: Json) -> list[RemovalAnswer]:
    """Answer of `POST /-/report` about removals."""
    try:
        return [
            RemovalAnswer(_decode_key(item), str(item["state"]))
            for item in data["removals"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise _make_shape_error("report", error) from error


def decode_report_answer(data: Json) -> ReportAnswer:
    """Answer of `POST /-/report`."""
    try:
        claimed = data.get("claimed")
        refusal = None
        if claimed is not None and "error" in claimed:
            refusal, claimed = _decode_refusal(claimed["error"]), None
        return ReportAnswer(
            tuple(
                TransferAnswer(
                    _decode_key(item),
                    str(item["state"]),
                    tuple(
                        str(rejected.get("detail") or rejected.get("errorCode"))
                        for rejected in item.get("rejected") or ()
                    ),
                )
                for item in data["transfers"]
            ),
            None if claimed is None else decode_claim(claimed),
            refusal,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _make_shape_error("report", error) from error


def _decode_refusal(data: Json) -> RequestRefusedError:
    return make_refusal(
        str(data["detail"]), int(data["code"]), str(data.get("errorCode") or "")
    )


def _decode_key(data: Json) -> TransferKey:
    return TransferKey(
        str(data["projectName"]), str(data["representationId"]), str(data["siteName"])
    )


def _decode_transfer(data: Json) -> Transfer:
    return Transfer(
        key=_decode_key(data),
        source_site=str(data["sourceSite"]),
        direction=str(data["direction"]),
        lease_token=str(data["lease"]["token"]),
        files=tuple(_decode_file(item) for item in data["files"]),
        priority=int(data.get("priority", 50)),
        attempt=int(data.get("attempt", 1)),
        variant=str(data.get("variant", "production")),
        folder_path=str(data.get("folderPath") or ""),
        product=str(data.get("product") or ""),
        version=int(data.get("version") or 0),
        representation=str(data.get("representation") or ""),
    )


def _decode_file(data: Json) -> TransferFile:
    # 0 is also what stands for a size that publishing left out.
    size = data.get("size") or None
    hash_type = str(data.get("hashType") or "")
    # Other kinds (op3) are no digests of the content.
    is_content_hash = hash_type in _CONTENT_HASH_TYPES and data.get("hash")
    return TransferFile(
        id=str(data["id"]),
        path=str(data["path"]),
        size=None if size is None else int(size),
        checksum=data.get("checksum"),
        published_hash=f"{hash_type}:{data['hash']}" if is_content_hash else None,
        attempt=int(data.get("attempt", 1)),
    )


def _make_shape_error(what: str, error: Exception) -> ServerError:
    return ServerError(
        f"The server's answer to a {what} is not as agreed"
        f" ({type(error).__name__}: {error}); use a matching version of Site Sync."
    )
