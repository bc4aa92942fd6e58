"""Values to JSON and back, as the wire contract in docs/architecture.md says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ayon_sitesync.errors import ServerError, SiteIdInUseError
from ayon_sitesync.server_api.types import (
    decode_claim,
    decode_report_answer,
    encode_claim,
    encode_release,
    encode_report,
)
from ayon_sitesync.work import (
    FAILED,
    PROGRESS,
    SYNCED,
    AgentIdentity,
    ClaimRequest,
    FileReport,
    Health,
    LeaseKey,
    SiteProblem,
    TransferKey,
    TransferReport,
    UnusableSite,
)

KEY = TransferKey("demo", "1" * 32, "brisk-amber-fox")
KEY_JSON = {
    "projectName": "demo",
    "representationId": "1" * 32,
    "siteName": "brisk-amber-fox",
}
AGENT = AgentIdentity(
    "a" * 32, "brisk-amber-fox", "ws042", "2.0.0", {"demo": {"work": "/d"}}, "c" * 32
)
CLAIM = ClaimRequest(
    *(AGENT, ("demo",), ("nearline",), "production", 20, 2000, 10**10),
    exclude=(UnusableSite("moon", "nearline"),),
)
CLAIM_JSON = {
    "agent": {
        "id": "a" * 32,
        "runId": "c" * 32,
        "siteName": "brisk-amber-fox",
        "hostname": "ws042",
        "version": "2.0.0",
        "roots": {"demo": {"work": "/d"}},
    },
    "projects": ["demo"],
    "serve": ["nearline"],
    "exclude": [{"projectName": "moon", "siteName": "nearline"}],
    "variant": "production",
    "maxTransfers": 20,
    "maxFiles": 2000,
    "maxBytes": 10**10,
    "maxRemovals": 0,
    "takesScans": False,
}


def make_claim_answer(**file_changes: Any) -> dict[str, Any]:
    file = {
        "id": "f1",
        "path": "{root[work]}/a.exr",
        "size": 7,
        "hash": "a|1|7",
        "hashType": "op3",
        "checksum": None,
        "attempt": 2,
        **file_changes,
    }
    transfer = {
        **KEY_JSON,
        "sourceSite": "studio",
        "direction": "download",
        "lease": {"token": "t" * 32, "expiresAt": 1795240060.1},
        "priority": 50,
        "attempt": 2,
        "variant": "production",
        "folderPath": "/shots/sh010",
        "product": "compMain",
        "version": 21,
        "representation": "exr",
        "files": [file],
    }
    return {
        "transfers": [transfer],
        "leaseSeconds": 60,
        "serverTime": 1795240000.1,
        "nextDueInSeconds": 12.5,
        "pending": 3,
    }


def test_claim_request() -> None:
    assert encode_claim(CLAIM) == CLAIM_JSON


HEALTH = Health(
    1234.5, (SiteProblem(UnusableSite("demo", "nas"), "storage_full", "full", 1795.5),)
)
HEALTH_JSON = {
    "bytesPerSecond": 1234.5,
    "sites": [
        {
            "projectName": "demo",
            "siteName": "nas",
            "code": "storage_full",
            "message": "full",
            "since": 1795.5,
        }
    ],
}


def test_health_goes_with_claims_and_reports() -> None:
    assert encode_claim(replace(CLAIM, health=HEALTH))["health"] == HEALTH_JSON
    assert encode_report("a" * 32, [], None, HEALTH)["health"] == HEALTH_JSON


def test_claim_answer() -> None:
    claim = decode_claim(make_claim_answer())
    (transfer,) = claim.transfers
    assert (claim.lease_seconds, claim.next_due_in_seconds, claim.pending) == (
        60,
        12.5,
        3,
    )
    assert (transfer.key, transfer.source_site) == (KEY, "studio")
    assert transfer.lease_token == "t" * 32
    assert transfer.label == "/shots/sh010 compMain v021 exr"
    (file,) = transfer.files
    assert (file.id, file.path, file.size, file.attempt) == (
        "f1",
        "{root[work]}/a.exr",
        7,
        2,
    )


@pytest.mark.parametrize(
    ("hash_type", "expected"), [("op3", None), ("md5", "md5:00ff"), (None, None)]
)
def test_only_digests_of_content_are_taken_from_publishing(
    hash_type: Any, expected: Any
) -> None:
    answer = make_claim_answer(hash="00ff", hashType=hash_type)
    assert decode_claim(answer).transfers[0].files[0].published_hash == expected


@pytest.mark.parametrize("size", [None, 0])
def test_size_that_publishing_left_out_is_unknown(size: Any) -> None:
    assert decode_claim(make_claim_answer(size=size)).transfers[0].files[0].size is None


def test_report_with_a_claim() -> None:
    files = (
        FileReport(
            *("f1", SYNCED, 7), checksum="xxh3:00", proof="content", source_read=True
        ),
        FileReport("f2", FAILED, 0, error_class="quota", message="m", retry_after=5),
        FileReport("f3", PROGRESS, 3),
    )
    report = TransferReport(KEY, "token", files, finished=False)
    assert encode_report("a" * 32, [report], CLAIM) == {
        "agentId": "a" * 32,
        "transfers": [
            {
                **KEY_JSON,
                "leaseToken": "token",
                "finished": False,
                "files": [
                    {
                        "id": "f1",
                        "status": 4,
                        "bytesDone": 7,
                        "checksum": "xxh3:00",
                        "proof": "content",
                        "sourceRead": True,
                    },
                    {
                        "id": "f2",
                        "status": 2,
                        "bytesDone": 0,
                        "errorClass": "quota",
                        "message": "m",
                        "retryAfterSeconds": 5,
                    },
                    {"id": "f3", "status": 0, "bytesDone": 3},
                ],
            }
        ],
        "claim": CLAIM_JSON,
    }


def test_refused_claim_of_a_report_leaves_its_results() -> None:
    error = {"code": 409, "errorCode": "site_id_in_use", "detail": "used by ws007"}
    answer = decode_report_answer(
        {"transfers": [{**KEY_JSON, "state": "held"}], "claimed": {"error": error}}
    )
    assert (len(answer.transfers), answer.claimed) == (1, None)
    assert isinstance(answer.refusal, SiteIdInUseError)
    assert (str(answer.refusal), answer.refusal.status) == ("used by ws007", 409)


def test_report_answer() -> None:
    rejected = {"id": "f1", "errorCode": "unknown_file", "detail": "No such file."}
    answer = decode_report_answer(
        {
            "transfers": [
                {
                    **KEY_JSON,
                    "state": "held",
                    "expiresAt": 1795240060.1,
                    "rejected": [rejected],
                }
            ],
            "claimed": make_claim_answer(),
        }
    )
    assert (answer.transfers[0].key, answer.transfers[0].state) == (KEY, "held")
    assert answer.transfers[0].rejected == ("No such file.",)
    assert answer.claimed is not None


def test_leases_to_release() -> None:
    assert encode_release("a" * 32, [LeaseKey(KEY, "token")], stopping=True) == {
        "agentId": "a" * 32,
        "stopping": True,
        "leases": [{**KEY_JSON, "leaseToken": "token"}],
    }


def test_answer_of_another_shape_is_named() -> None:
    with pytest.raises(ServerError, match=r"claim is not as agreed.*leaseSeconds"):
        decode_claim({"transfers": []})
