"""HTTP calls to the AYON server, through ayon_api.

One connection, used by one request at a time; calls may come from several threads.
Every failure is one of the `ServerError` classes.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Callable, Optional

import ayon_api
import requests

from ..errors import (
    LoginRefusedError,
    RequestRefusedError,
    ServerFailedError,
    ServerUnreachableError,
    SiteUnhealthyError,
    make_refusal,
)
from ..work import (
    Claim,
    ClaimRequest,
    Health,
    LeaseKey,
    RemovalAnswer,
    RemovalReport,
    ReportAnswer,
    ScanOrder,
    TransferReport,
)
from .connection import Connection
from .types import (
    decode_claim,
    decode_removal_answers,
    decode_report_answer,
    encode_claim,
    encode_release,
    encode_removals,
    encode_report,
)

log = logging.getLogger(__name__)

ADDON_NAME = "sitesync"
TIMEOUT_SECONDS = 30.0
_MACHINE_ID = re.compile(r"[a-z0-9-]+")
HTTP_UNAUTHORIZED = 401
HTTP_BAD_REQUEST = 400
HTTP_SERVER_ERROR = 500


@dataclass(frozen=True)
class WaitAnswer:
    """Where the next wait begins, and whether anything happened before."""

    cursor: str
    has_events: bool


class ServerClient:
    """The server as an agent or a status command sees it.

    Connecting is left to the first request, so that an agent may start before its
    server. `addon_version` None = found out from the bundle of `variant`, see
    `find_addon_version`; `own_version` is told to the server as the client's.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        site_id: Optional[str],
        *,
        variant: str,
        own_version: str,
        addon_version: Optional[str] = None,
    ) -> None:
        self._url = url
        self._api_key = api_key
        # AYON takes machines' ids only; a configured site's name may be another kind.
        is_machine_id = site_id is not None and _MACHINE_ID.fullmatch(site_id)
        self._site_id = site_id if is_machine_id else None
        self._variant = variant
        self._own_version = own_version
        self._addon_version = addon_version
        self._connection: Optional[ayon_api.ServerAPI] = None
        self._lock = threading.RLock()
        self._turn: AbstractContextManager[Any] = self._lock
        """Held while a request is under way."""
        self.timeouts = (TIMEOUT_SECONDS, TIMEOUT_SECONDS)
        """Seconds to connect, and to wait for an answer."""

    def make_another(self) -> ServerClient:
        """A client of the same server and user, with a connection of its own."""
        return ServerClient(
            self._url,
            self._api_key,
            self._site_id,
            variant=self._variant,
            own_version=self._own_version,
            addon_version=self._addon_version,
        )

    # --- connection ------------------------------------------------------------------

    def connect(self) -> ayon_api.ServerAPI:
        """The logged-in connection, made on first use.

        Raises `LoginRefusedError` for a refused key, else `ServerUnreachableError`.
        """
        with self._lock:
            if self._connection is None:
                self._connection = self._log_in()
            return self._connection

    def close(self) -> None:
        """Close the connection that this client made; a request makes another."""
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close_session()

    def _log_in(self) -> ayon_api.ServerAPI:
        try:
            connection = Connection(
                self._url,
                self._api_key,
                site_id=self._site_id,
                client_version=self._own_version,
                default_settings_variant=self._variant,
                sender_type="sitesync",
                timeout=TIMEOUT_SECONDS,
                # The agent has its own delays between tries.
                max_retries=1,
            )
            if not connection.has_valid_token:
                raise LoginRefusedError(
                    f"{self._url} does not accept the API key; make a new one."
                )
            # Only a request that is logged in registers the machine as a site.
            connection.get_info()
        except ayon_api.exceptions.UnauthorizedError as error:
            raise LoginRefusedError(
                f"{self._url} does not accept the API key."
            ) from error
        except (
            requests.exceptions.RequestException,
            ayon_api.exceptions.ServerError,
            ayon_api.exceptions.RequestError,
            ValueError,
        ) as error:
            raise ServerUnreachableError(
                f"{self._url} cannot be reached: {_shorten(error)}"
            ) from error
        return connection

    def _request(
        self,
        method: str,
        endpoint: str,
        *,
        body: Optional[Mapping[str, Any]] = None,
        params: Optional[Mapping[str, Any]] = None,
    ) -> Any:
        response = self._send(method, endpoint, body=body, params=params)
        return self._read(response, endpoint)

    def _send(
        self,
        method: str,
        endpoint: str,
        *,
        body: Optional[Mapping[str, Any]] = None,
        params: Optional[Mapping[str, Any]] = None,
    ) -> Any:
        with self._turn:
            connection = self.connect()
            send: Callable[..., Any] = getattr(connection, f"raw_{method}")
            arguments: dict[str, Any] = {"timeout": self.timeouts}
            if body is not None:
                arguments["json"] = body
            if params is not None:
                arguments["params"] = params
            try:
                response = send(endpoint, **arguments)
            except requests.exceptions.RequestException as error:
                raise ServerUnreachableError(
                    f"{self._url} cannot be reached: {_shorten(error)}"
                ) from error
            if response.status_code == HTTP_UNAUTHORIZED:
                # Logging in anew may help after the server was restarted.
                self._connection = None
        return response

    def _read(self, response: Any, endpoint: str) -> Any:
        status = response.status_code
        if response.orig_response is None or status >= HTTP_SERVER_ERROR:
            make = (
                ServerUnreachableError
                if response.orig_response is None
                else ServerFailedError
            )
            raise make(
                f"{self._url} gave no answer to {endpoint}: {_first_line(response)}"
            )
        if status == HTTP_UNAUTHORIZED:
            raise LoginRefusedError(f"{self._url} does not accept the API key.")
        if status >= HTTP_BAD_REQUEST:
            code = str(response.get("errorCode") or "")
            raise make_refusal(str(response.detail), status, code)
        return response.data

    def _addon(self, path: str) -> str:
        return f"addons/{ADDON_NAME}/{self.find_addon_version()}/{path}"

    # --- the queue -------------------------------------------------------------------

    def claim(self, request: ClaimRequest) -> Claim:
        body = encode_claim(request)
        return decode_claim(self._request("post", self._addon("-/claim"), body=body))

    def report(
        self,
        agent_id: str,
        reports: Sequence[TransferReport],
        claim: Optional[ClaimRequest],
        health: Optional[Health] = None,
    ) -> ReportAnswer:
        body = encode_report(agent_id, reports, claim, health)
        answer = self._request("post", self._addon("-/report"), body=body)
        return decode_report_answer(answer)

    def release(
        self, agent_id: str, leases: Sequence[LeaseKey], *, stopping: bool
    ) -> int:
        body = encode_release(agent_id, leases, stopping=stopping)
        answer = self._request("post", self._addon("-/release"), body=body)
        return int(answer["released"])

    def report_removals(
        self, agent_id: str, reports: Sequence[RemovalReport]
    ) -> list[RemovalAnswer]:
        """Tell what is deleted; which removals still hold."""
        body = encode_removals(agent_id, reports)
        answer = self._request("post", self._addon("-/report"), body=body)
        return decode_removal_answers(answer)

    def finish_scan(
        self, order: ScanOrder, counts: tuple[int, int, int], message: Optional[str]
    ) -> None:
        """Tell files found, missing and different; `message` why it was not done."""
        found, missing, different = counts
        body = {
            "siteName": order.site_name,
            "requestedAt": order.requested_at,
            "found": found,
            "missing": missing,
            "different": different,
            "message": message,
        }
        path = f"{order.project_name}/scan/finished"
        self._request("post", self._addon(path), body=body)

    def wait_for_events(self, cursor: Optional[str], seconds: int) -> WaitAnswer:
        """What happened after a cursor; None begins now. Waits so long at most."""
        params = {"timeoutSeconds": seconds, "after": cursor}
        if cursor is None:
            params = {"timeoutSeconds": 0}
        answer = self._request("get", self._addon("-/wait"), params=params)
        has_events = bool(answer["events"]) or bool(answer["overflow"])
        return WaitAnswer(str(answer["cursor"]), has_events)

    # --- what AYON knows -------------------------------------------------------------

    def find_addon_version(self) -> str:
        """The version whose endpoints to use: the bundle's, the only one, else ours."""
        with self._lock:
            if self._addon_version is None:
                self._addon_version = (
                    self._find_bundled_version()
                    or self._find_single_version()
                    or self._own_version
                )
            return self._addon_version

    def _find_bundled_version(self) -> Optional[str]:
        flag = {"production": "isProduction", "staging": "isStaging"}.get(self._variant)
        for bundle in self._request("get", "bundles")["bundles"]:
            is_wanted = bundle.get(flag) if flag else bundle["name"] == self._variant
            if is_wanted:
                version = bundle.get("addons", {}).get(ADDON_NAME)
                return str(version) if version else None
        return None

    def _find_single_version(self) -> Optional[str]:
        for addon in self._request("get", "addons")["addons"]:
            if addon["name"] == ADDON_NAME and len(addon["versions"]) == 1:
                return str(next(iter(addon["versions"])))
        return None

    def list_projects(self) -> list[str]:
        """Names of the active projects that the user may read."""
        answer = self._request("get", "projects", params={"active": "true"})
        return sorted(str(project["name"]) for project in answer["projects"])

    def read_settings(self, project_name: str) -> dict[str, Any]:
        """The addon's settings in a project, with this machine's overrides."""
        params = {"variant": self._variant}
        if self._site_id:
            params["site"] = self._site_id
        endpoint = self._addon(f"settings/{project_name}")
        settings: dict[str, Any] = self._request("get", endpoint, params=params)
        return settings

    def read_studio_settings(self) -> dict[str, Any]:
        """The addon's settings of the whole studio."""
        settings: dict[str, Any] = self._request(
            "get", self._addon("settings"), params={"variant": self._variant}
        )
        return settings

    def read_credentials(self, project_name: str, site_name: str) -> dict[str, Any]:
        """The settings of a site's provider with the values of its secrets.

        Raises `SiteUnhealthyError` when they are not for this user or not there.
        """
        body = {"siteNames": [site_name], "variant": self._variant}
        endpoint = self._addon(f"{project_name}/credentials")
        answer = self._request("post", endpoint, body=body)
        handed = answer["sites"].get(site_name)
        if handed is None:
            (refused,) = answer["refused"]
            raise SiteUnhealthyError(
                site_name, str(refused["detail"]), str(refused["errorCode"])
            )
        settings: dict[str, Any] = handed["settings"]
        return settings

    def read_studio_roots(self, project_name: str, platform: str) -> dict[str, str]:
        """The project's roots with this machine's overrides, else the platform's."""
        endpoint = f"projects/{project_name}/siteRoots"
        roots: dict[str, str]
        if self._site_id:
            try:
                params = {"site_id": self._site_id}
                roots = self._request("get", endpoint, params=params)
                return roots
            except RequestRefusedError as error:
                if error.status != HTTP_BAD_REQUEST:
                    raise
                log.debug("The server does not know machine '%s' yet", self._site_id)
        roots = self._request("get", endpoint, params={"platform": platform})
        return roots

    def read_site_totals(self, project_name: str) -> list[dict[str, Any]]:
        """Sites of a project with totals and agents, as `GET /{project}/sites` says."""
        sites: list[dict[str, Any]] = self._request(
            "get", self._addon(f"{project_name}/sites")
        )["sites"]
        return sites


def _first_line(response: Any) -> str:
    """What an error says at its start: the rest is for the server's log."""
    lines = str(response.detail).splitlines()
    return lines[0] if lines else f"HTTP {response.status_code}"


def _shorten(error: Exception) -> str:
    """The innermost reason: what requests wraps is long and repeats itself."""
    cause: BaseException = error
    while True:
        reason = getattr(cause, "reason", None)
        inner = reason if isinstance(reason, BaseException) else None
        if inner is None and cause.args and isinstance(cause.args[0], BaseException):
            inner = cause.args[0]
        if inner is None:
            return str(cause) or type(cause).__name__
        cause = inner
