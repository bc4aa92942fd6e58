"""Google Drive's API version 3 as far as rclone uses it, in memory."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import threading
from dataclasses import dataclass, field
from typing import Any

from tests.support.cloud_mock import Answer, Request, slice_content

FOLDER = "application/vnd.google-apps.folder"
SHARED_DRIVE = "drive-0001"
TOKEN = "canary-drive-token-51c9"
ROOT = "root-of-the-account"


@dataclass
class DriveFile:
    """A file or folder. `shared`: seen as shared with the account."""

    id: str
    name: str
    parent: str
    mime: str
    content: bytes = b""
    mtime: str = "2026-01-01T00:00:00.000Z"
    shared: bool = False

    def describe(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "kind": "drive#file",
            "id": self.id,
            "name": self.name,
            "mimeType": self.mime,
            "parents": [self.parent] if self.parent else [],
            "modifiedTime": self.mtime,
            "createdTime": self.mtime,
            "trashed": False,
        }
        if self.mime != FOLDER:
            shown.update(
                size=str(len(self.content)),
                md5Checksum=hashlib.md5(self.content).hexdigest(),
                sha1Checksum=hashlib.sha1(self.content).hexdigest(),
                sha256Checksum=hashlib.sha256(self.content).hexdigest(),
            )
        return shown


@dataclass
class Session:
    """A resumable upload. `target`: the file that it updates, empty for a new one."""

    target: str
    details: dict[str, Any]
    received: bytearray = field(default_factory=bytearray)


class DriveMock:
    """One account with one shared drive named `Studio Drive`."""

    def __init__(self) -> None:
        self.files: dict[str, DriveFile] = {}
        self.faults: list[Answer] = []
        """Answers to the next uploads, instead of taking them."""
        self.corrupt_next = False
        """The next upload is stored with another byte at its start."""
        self.page_size = 1000
        """As many files are in one page of a list."""
        self.pages = 0
        """Pages asked for that are not the first of a list."""
        self.uploads = 0
        self.copies = 0
        self._sessions: dict[str, Session] = {}
        self._ids = itertools.count(1)
        self._lock = threading.RLock()

    # --- the test's side -------------------------------------------------------------

    def make_folder(self, name: str, parent: str, *, shared: bool = False) -> str:
        return self._add(DriveFile("", name, parent, FOLDER, shared=shared)).id

    def put(self, folder: str, path: str, content: bytes) -> None:
        """A file at `path` below the folder with that id; a new one each time."""
        *names, name = path.split("/")
        for part in names:
            known = self._find(folder, part)
            folder = known[0].id if known else self.make_folder(part, folder)
        self._add(DriveFile("", name, folder, "application/octet-stream", content))

    def list_files(self, folder: str, prefix: str = "") -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for file in list(self.files.values()):
            if file.parent != folder:
                continue
            if file.mime == FOLDER:
                found.update(self.list_files(file.id, f"{prefix}{file.name}/"))
            else:
                found[prefix + file.name] = file.content
        return found

    def _find(self, folder: str, name: str) -> list[DriveFile]:
        return [
            file
            for file in self.files.values()
            if file.parent == folder and file.name == name
        ]

    def _add(self, file: DriveFile) -> DriveFile:
        file.id = f"id-{next(self._ids):05d}"
        self.files[file.id] = file
        return file

    # --- the cloud's side ------------------------------------------------------------

    def handle(self, request: Request) -> Answer:
        with self._lock:
            if request.path == "/token":
                return _json(
                    {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600}
                )
            if request.headers.get("Authorization") != f"Bearer {TOKEN}":
                return _fail(401, "authError", "Invalid Credentials")
            if request.path.startswith("/upload/"):
                return self._upload(request)
            return self._serve(request)

    def _serve(self, request: Request) -> Answer:
        path = request.path.removeprefix("/drive/v3/")
        if path.startswith("drives"):
            drive = {"id": SHARED_DRIVE, "name": "Studio Drive", "kind": "drive#drive"}
            return _json({"drives": [drive]} if path == "drives" else drive)
        if path != "files":
            return self._serve_one(request, *path.removeprefix("files/").split("/"))
        if request.method == "POST":
            return self._create(json.loads(request.body), b"")
        start = int(request.query.get("pageToken", "0"))
        return self._list(request.query.get("q", ""), start)

    def _serve_one(self, request: Request, file_id: str, action: str = "") -> Answer:
        if file_id in ("root", ROOT):
            return _json({"id": ROOT, "name": "My Drive", "mimeType": FOLDER})
        file = self.files.get(file_id)
        if file is None:
            return _fail(404, "notFound", f"File not found: {file_id}.")
        if action == "copy":
            self.copies += 1
            return self._create(json.loads(request.body), file.content)
        return self._serve_file(request, file)

    def _serve_file(self, request: Request, file: DriveFile) -> Answer:
        if request.method == "DELETE":
            del self.files[file.id]
            return Answer(204)
        if request.method == "PATCH":
            details = json.loads(request.body or b"{}")
            if details.get("trashed"):
                del self.files[file.id]
            file.name = details.get("name", file.name)
            file.mtime = details.get("modifiedTime", file.mtime)
            file.parent = request.query.get("addParents", file.parent)
            return _json(file.describe())
        if request.query.get("alt") == "media":
            return slice_content(file.content, request.headers.get("Range"))
        return _json(file.describe())

    def _list(self, query: str, start: int) -> Answer:
        found = self._find_described(query)
        page: dict[str, Any] = {"kind": "drive#fileList"}
        page["files"] = found[start : start + self.page_size]
        self.pages += start > 0
        if start + self.page_size < len(found):
            page["nextPageToken"] = str(start + self.page_size)
        return _json(page)

    def _find_described(self, query: str) -> list[dict[str, Any]]:
        parents = re.findall(r"'([^']+)' in parents", query)
        names = [
            name.replace("\\'", "'").replace("\\\\", "\\")
            for name in re.findall(r"name\s*=\s*'((?:[^'\\]|\\.)*)'", query)
        ]
        found = []
        for file in self.files.values():
            if "sharedWithMe=true" in query and not file.shared:
                continue
            if parents and file.parent not in parents:
                continue
            if names and file.name not in names:
                continue
            if f"mimeType='{FOLDER}'" in query and file.mime != FOLDER:
                continue
            if f"mimeType!='{FOLDER}'" in query and file.mime == FOLDER:
                continue
            found.append(file.describe())
        return found

    def _create(self, details: dict[str, Any], content: bytes) -> Answer:
        parent = (details.get("parents") or [ROOT])[0]
        mime = details.get("mimeType", "application/octet-stream")
        file = DriveFile("", details["name"], parent, mime, content)
        file.mtime = details.get("modifiedTime", file.mtime)
        return _json(self._add(file).describe())

    def _upload(self, request: Request) -> Answer:
        session_id = request.query.get("upload_id")
        if session_id is not None:
            return self._continue(session_id, request)
        if self.faults:
            return self.faults.pop(0)
        target = request.path.removeprefix("/upload/drive/v3/files").strip("/")
        if request.query["uploadType"] == "resumable":
            name = f"upload-{next(self._ids)}"
            self._sessions[name] = Session(target, json.loads(request.body or b"{}"))
            place = f"https://www.googleapis.com{request.path}?upload_id={name}"
            return Answer(200, b"", {"Location": place})
        kind = request.headers["Content-Type"]
        boundary = kind.partition("boundary=")[2].strip('"').encode()
        _, details, content, _ = request.body.split(b"--" + boundary)
        return self._store(target, json.loads(_read_part(details)), _read_part(content))

    def _continue(self, name: str, request: Request) -> Answer:
        session = self._sessions[name]
        session.received += request.body
        total = request.headers["Content-Range"].rpartition("/")[2]
        if total == "*" or len(session.received) < int(total):
            last = len(session.received) - 1
            return Answer(308, b"", {"Range": f"bytes=0-{last}"})
        del self._sessions[name]
        return self._store(session.target, session.details, bytes(session.received))

    def _store(self, target: str, details: dict[str, Any], content: bytes) -> Answer:
        self.uploads += 1
        if self.corrupt_next:
            self.corrupt_next = False
            content = bytes([content[0] ^ 1]) + content[1:]
        if not target:
            return self._create(details, content)
        file = self.files[target]
        file.content = content
        file.mtime = details.get("modifiedTime", file.mtime)
        return _json(file.describe())


def make_quota_fault() -> Answer:
    return _fail(403, "storageQuotaExceeded", "The user's storage quota is exceeded.")


def make_permission_fault() -> Answer:
    message = "The user does not have sufficient permissions for this file."
    return _fail(403, "insufficientFilePermissions", message)


def make_login_fault() -> Answer:
    """What the place that gives tokens says of a service account that is no more."""
    text = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
    return Answer(400, json.dumps(text).encode())


def make_rate_fault() -> Answer:
    return _fail(403, "userRateLimitExceeded", "User rate limit exceeded.")


def _read_part(part: bytes) -> bytes:
    """The content of a part of a multipart body."""
    return part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")


def _json(value: dict[str, Any]) -> Answer:
    return Answer(200, json.dumps(value).encode())


def _fail(status: int, reason: str, message: str) -> Answer:
    error = {
        "code": status,
        "message": message,
        "errors": [{"domain": "global", "reason": reason, "message": message}],
    }
    return Answer(status, json.dumps({"error": error}).encode())
