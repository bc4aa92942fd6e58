"""Dropbox's API version 2 as far as rclone uses it, in memory."""

from __future__ import annotations

import itertools
import json
import threading
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs

from ayon_sitesync.transfer.verify import DropboxHasher

from tests.support.cloud_mock import Answer, Request, slice_content

TOKEN = "canary-dropbox-token-88ab"
REFRESH_TOKEN = "canary-dropbox-refresh-03ee"
EMAIL = "kim@studio.example"
MEMBER: dict[str, Any] = {
    "profile": {
        "team_member_id": "dbmid:1",
        "account_id": "dbid:1",
        "email": EMAIL,
        "email_verified": True,
        "status": {".tag": "active"},
        "name": {
            "given_name": "Kim",
            "surname": "Lee",
            "familiar_name": "Kim",
            "display_name": "Kim Lee",
            "abbreviated_name": "KL",
        },
        "membership_type": {".tag": "full"},
        "groups": [],
        "member_folder_id": "1",
    },
    "role": {".tag": "member_only"},
}


@dataclass
class DropboxFile:
    path: str
    content: bytes
    mtime: str

    @cached_property
    def content_hash(self) -> str:
        hasher = DropboxHasher()
        hasher.update(memoryview(self.content))
        return hasher.hexdigest()


class DropboxMock:
    """One Dropbox; paths are compared without case."""

    def __init__(self) -> None:
        self.files: dict[str, DropboxFile] = {}
        self.folders: dict[str, str] = {}
        self.faults: list[Answer] = []
        """Answers to the next uploads, instead of taking them."""
        self.corrupt_next = False
        self.select_users: set[str] = set()
        """Members that requests acted as."""
        self.page_size = 1000
        """As many entries are in one page of a list."""
        self.pages = 0
        """Pages asked for that are not the first of a list."""
        self.renewals = 0
        """Access tokens given for the refresh token."""
        self._sessions: dict[str, bytearray] = {}
        self._ids = itertools.count(1)
        self._lock = threading.RLock()

    # --- the test's side -------------------------------------------------------------

    def put(self, path: str, content: bytes) -> None:
        self._store(path, content, "2026-01-01T00:00:00Z")

    def make_folder(self, path: str) -> None:
        while path not in ("", "/"):
            self.folders[path.lower()] = path
            path = path.rpartition("/")[0]

    # --- the cloud's side ------------------------------------------------------------

    def handle(self, request: Request) -> Answer:
        with self._lock:
            if request.path == "/oauth2/token":
                return self._renew(request)
            if request.headers.get("Authorization") != f"Bearer {TOKEN}":
                return _fail(401, "invalid_access_token")
            member = request.headers.get("Dropbox-API-Select-User")
            if member:
                self.select_users.add(member)
            name = request.path.removeprefix("/2/").replace("/", "_")
            header = request.headers.get("Dropbox-API-Arg")
            argument = json.loads(header or request.body or b"null") or {}
            answer: Answer = getattr(self, f"_{name}")(argument, request)
            return answer

    def _users_get_current_account(self, argument: Any, request: Request) -> Answer:
        return _json(
            {
                "account_id": "dbid:1",
                "name": MEMBER["profile"]["name"],
                "email": EMAIL,
                "email_verified": True,
                "disabled": False,
                "locale": "en",
                "referral_link": "https://dropbox.example",
                "is_paired": False,
                "account_type": {".tag": "business"},
                "root_info": {
                    ".tag": "team",
                    "root_namespace_id": "100",
                    "home_namespace_id": "1",
                    "home_path": "/Kim Lee",
                },
            }
        )

    def _users_get_space_usage(self, argument: Any, request: Request) -> Answer:
        used = sum(len(file.content) for file in self.files.values())
        allocation = {".tag": "individual", "allocated": 2_000_000_000_000}
        return _json({"used": used, "allocation": allocation})

    def _team_members_list_v2(self, argument: Any, request: Request) -> Answer:
        return _json({"members": [MEMBER], "cursor": "c", "has_more": False})

    def _team_members_get_info(self, argument: Any, request: Request) -> Answer:
        return _json([{".tag": "member_info", **MEMBER}])

    def _files_get_metadata(self, argument: Any, request: Request) -> Answer:
        found = self._describe(argument["path"])
        return _json(found) if found else _not_found("path")

    def _files_list_folder(self, argument: Any, request: Request) -> Answer:
        # rclone doubles the first slash; Dropbox takes that.
        folder = argument["path"].replace("//", "/").rstrip("/").lower()
        if folder and folder not in self.folders:
            return _not_found("path")
        return self._show_page(folder, self._list_entries(folder), 0)

    def _files_list_folder_continue(self, argument: Any, request: Request) -> Answer:
        self.pages += 1
        folder, _, start = argument["cursor"].rpartition("@")
        return self._show_page(folder, self._list_entries(folder), int(start))

    def _list_entries(self, folder: str) -> list[Any]:
        paths = [*self.folders, *self.files]
        return [
            self._describe(path) for path in paths if path.rpartition("/")[0] == folder
        ]

    def _show_page(self, folder: str, entries: list[Any], start: int) -> Answer:
        end = start + self.page_size
        shown = {
            "entries": entries[start:end],
            "cursor": f"{folder}@{end}",
            "has_more": end < len(entries),
        }
        return _json(shown)

    def _renew(self, request: Request) -> Answer:
        wanted = parse_qs(request.body.decode())
        if wanted.get("refresh_token") != [REFRESH_TOKEN]:
            return Answer(400, b'{"error": "invalid_grant"}')
        self.renewals += 1
        given = {"access_token": TOKEN, "token_type": "bearer", "expires_in": 14400}
        return _json(given)

    def _files_create_folder_v2(self, argument: Any, request: Request) -> Answer:
        self.make_folder(argument["path"])
        return _json({"metadata": self._describe(argument["path"])})

    def _files_download(self, argument: Any, request: Request) -> Answer:
        file = self._get(argument["path"])
        if file is None:
            return _not_found("path")
        answer = slice_content(file.content, request.headers.get("Range"))
        shown = json.dumps(self._describe(file.path))
        answer.headers["Dropbox-API-Result"] = shown
        answer.headers["Content-Type"] = "application/octet-stream"
        return answer

    def _files_delete_v2(self, argument: Any, request: Request) -> Answer:
        found = self._describe(argument["path"])
        if found is None:
            return _not_found("path_lookup")
        # With all that is in it, as the real one does.
        gone = found["path_lower"]
        for known in (self.files, self.folders):
            for path in [p for p in known if f"{p}/".startswith(f"{gone}/")]:
                del known[path]
        return _json({"metadata": found})

    def _files_copy_v2(self, argument: Any, request: Request) -> Answer:
        file = self._get(argument["from_path"])
        if file is None:
            return _not_found("from_lookup")
        shown = self._store(argument["to_path"], file.content, file.mtime)
        return _json({"metadata": shown})

    def _files_upload(self, argument: Any, request: Request) -> Answer:
        if self.faults:
            return self.faults.pop(0)
        return _json(self._commit(argument, request.body))

    def _files_upload_session_start(self, argument: Any, request: Request) -> Answer:
        if self.faults:
            return self.faults.pop(0)
        name = f"session-{next(self._ids)}"
        self._sessions[name] = bytearray(request.body)
        return _json({"session_id": name})

    def _files_upload_session_append_v2(
        self, argument: Any, request: Request
    ) -> Answer:
        self._sessions[argument["cursor"]["session_id"]] += request.body
        return Answer(200, b"null")

    def _files_upload_session_finish(self, argument: Any, request: Request) -> Answer:
        return _json(self._finish(argument, request.body))

    def _files_upload_session_finish_batch_v2(
        self, argument: Any, request: Request
    ) -> Answer:
        entries = [
            {**self._finish(entry, b""), ".tag": "success"}
            for entry in argument["entries"]
        ]
        return _json({"entries": entries})

    def _finish(self, argument: Any, rest: bytes) -> dict[str, Any]:
        content = self._sessions.pop(argument["cursor"]["session_id"]) + rest
        return self._commit(argument["commit"], bytes(content))

    def _commit(self, commit: Any, content: bytes) -> dict[str, Any]:
        if self.corrupt_next:
            self.corrupt_next = False
            content = bytes([content[0] ^ 1]) + content[1:]
        mtime = commit.get("client_modified") or "2026-01-01T00:00:00Z"
        return self._store(commit["path"], content, mtime)

    # --- what is there ---------------------------------------------------------------

    def _get(self, path: str) -> DropboxFile | None:
        if path.startswith("id:"):
            path = path.removeprefix("id:")
        return self.files.get(path.lower())

    def _store(self, path: str, content: bytes, mtime: str) -> dict[str, Any]:
        self.make_folder(path.rpartition("/")[0])
        self.files[path.lower()] = DropboxFile(path, content, mtime)
        found = self._describe(path)
        assert found is not None
        return found

    def _describe(self, path: str) -> dict[str, Any] | None:
        path = path.removeprefix("id:")
        key = path.lower()
        file = self.files.get(key)
        if file is None and key not in self.folders:
            return None
        shown = file.path if file is not None else self.folders[key]
        common = {
            "name": shown.rpartition("/")[2],
            "path_lower": key,
            "path_display": shown,
            "id": f"id:{shown}",
        }
        if file is None:
            return {".tag": "folder", **common}
        return {
            ".tag": "file",
            **common,
            "client_modified": file.mtime,
            "server_modified": file.mtime,
            "rev": "015f0000000000000000001",
            "size": len(file.content),
            "is_downloadable": True,
            "content_hash": file.content_hash,
        }


def make_quota_fault() -> Answer:
    error = {
        ".tag": "path",
        "reason": {".tag": "insufficient_space"},
        "upload_session_id": "s",
    }
    summary = "path/insufficient_space/..."
    body = {"error_summary": summary, "error": error}
    return Answer(409, json.dumps(body).encode())


def make_permission_fault() -> Answer:
    error = {
        ".tag": "path",
        "reason": {".tag": "no_write_permission"},
        "upload_session_id": "s",
    }
    body = {"error_summary": "path/no_write_permission/...", "error": error}
    return Answer(409, json.dumps(body).encode())


def make_login_fault() -> Answer:
    return _fail(401, "invalid_access_token")


def make_rate_fault() -> Answer:
    answer = _fail(429, "too_many_requests")
    answer.headers["Retry-After"] = "1"
    return answer


def _json(value: Any) -> Answer:
    return Answer(200, json.dumps(value).encode())


def _not_found(tag: str) -> Answer:
    error = {".tag": tag, tag: {".tag": "not_found"}}
    body = {"error_summary": f"{tag}/not_found/..", "error": error}
    return Answer(409, json.dumps(body).encode())


def _fail(status: int, tag: str) -> Answer:
    body = {"error_summary": f"{tag}/...", "error": {".tag": tag}}
    return Answer(status, json.dumps(body).encode())
