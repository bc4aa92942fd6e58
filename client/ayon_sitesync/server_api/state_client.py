"""Requests about states, verbs and the few entities that they need.

The same for the addon inside AYON and for the command line: only the connection
differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Any, Optional

import ayon_api
import requests

from ..errors import ServerFailedError, ServerUnreachableError
from .client import ServerClient

IDS_IN_ADDRESS = 100
"""Ids of one request that travel in its address; proxies limit its length."""
IDS_IN_BODY = 50_000
STATES_IN_BODY = 10_000
PAGE_ROWS = 1000


def split_chunks(values: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Lists of at most `size` values."""
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk


class StateClient(ServerClient):
    """The server as an operator's tools see it. Methods may raise `ServerError`."""

    def read_user_name(self) -> str:
        """Name of who is logged in."""
        return str(self._request("get", "users/me")["name"])

    def read_clock(self) -> Optional[float]:
        """The server's time in epoch seconds, to the second; None when it tells none.

        What a proxy in between says counts as the server's.
        """
        with self._turn, named_failures():
            response = self.connect().raw_get("info")
        headers: Mapping[str, str] = getattr(response.orig_response, "headers", {})
        told = headers.get("Date")
        if not told:
            return None
        try:
            return parsedate_to_datetime(told).timestamp()
        except (TypeError, ValueError):
            return None

    # --- reads of states -------------------------------------------------------------

    def read_version_availability(
        self, project_name: str, version_ids: Sequence[str], site_names: Sequence[str]
    ) -> dict[str, dict[str, int]]:
        """How many representations of each version are complete, by site."""
        found: dict[str, dict[str, int]] = {}
        for ids in split_chunks(version_ids, IDS_IN_BODY):
            body = {"versionIds": ids, "siteNames": list(site_names)}
            answer = self._post(project_name, "availability", body)
            for version_id, item in answer["versions"].items():
                found[version_id] = item["sites"]
        return found

    def read_availability(
        self,
        project_name: str,
        representation_ids: Sequence[str],
        site_names: Sequence[str],
    ) -> dict[str, dict[str, dict[str, Any]]]:
        """`{id: {site: {"status", "progress"}}}`; a site without a row is left out."""
        found: dict[str, dict[str, dict[str, Any]]] = {}
        for ids in split_chunks(representation_ids, IDS_IN_BODY):
            body = {"representationIds": ids, "siteNames": list(site_names)}
            answer = self._post(project_name, "availability", body)
            found.update(answer["representations"])
        return found

    def list_states(
        self,
        project_name: str,
        representation_ids: Sequence[str],
        site_names: Optional[Sequence[str]] = None,
    ) -> list[dict[str, Any]]:
        """`[{"representationId", "siteName", "status"}]` of all sites or the named."""
        found: list[dict[str, Any]] = []
        endpoint = self._addon(f"{project_name}/state/representations")
        for ids in split_chunks(representation_ids, IDS_IN_ADDRESS):
            params: dict[str, Any] = {"representationIds": ids}
            if site_names:
                params["siteNames"] = list(site_names)
            found += self._request("get", endpoint, params=params)
        return found

    def read_pair(
        self, project_name: str, params: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Items of `GET state`: two sites side by side, with files."""
        items: list[dict[str, Any]] = self._request(
            "get", self._addon(f"{project_name}/state"), params=params
        )["representations"]
        return items

    def iterate_rows(
        self, project_name: str, body: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Rows of `representations/query`, page by page."""
        after: Optional[str] = None
        while True:
            page = {**body, "first": PAGE_ROWS, "after": after}
            answer = self._post(project_name, "representations/query", page)
            yield from answer["representations"]
            if not answer["pageInfo"]["hasNextPage"]:
                return
            after = answer["pageInfo"]["endCursor"]

    def explain(
        self, project_name: str, representation_id: str, site_name: str
    ) -> dict[str, Any]:
        """`{"siteName", "status", "reasons": [{"code", "text", "todo"}]}`."""
        path = f"{project_name}/representations/{representation_id}/explain"
        found: dict[str, Any] = self._request(
            "get", self._addon(path), params={"siteName": site_name}
        )
        return found

    # --- writes of states ------------------------------------------------------------

    def write_states(
        self, project_name: str, states: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        """Write many rows at once; `[{"representationId", "siteName", "errorCode",
        "detail"}]`, `errorCode` None for what is written."""
        results: list[dict[str, Any]] = []
        for chunk in split_chunks(states, STATES_IN_BODY):
            results += self._post(project_name, "states", {"states": chunk})["results"]
        return results

    def delete_state(
        self, project_name: str, representation_id: str, site_name: str
    ) -> None:
        """Forget a representation on a site. 409 `last_copy` for the only copy."""
        path = f"{project_name}/state/{representation_id}/{site_name}"
        self._request("delete", self._addon(path))

    def run_verb(
        self, project_name: str, verb: str, body: Mapping[str, Any]
    ) -> dict[str, Any]:
        return self._post(project_name, f"verbs/{verb}", body)

    # --- scans -----------------------------------------------------------------------

    def write_presence(
        self,
        project_name: str,
        site_name: str,
        files: Sequence[Mapping[str, Any]],
        *,
        requeue: bool,
    ) -> dict[str, Any]:
        """Tell which files storage has: `{"results", "synced", "queued", "missing"}`.

        At most `STATES_IN_BODY` files; `results` are those that were not taken.
        """
        body = {"siteName": site_name, "files": list(files), "requeue": requeue}
        return self._post(project_name, "presence", body)

    # --- pauses ----------------------------------------------------------------------

    def write_pause(self, body: Mapping[str, Any]) -> None:
        self._request("post", self._addon("-/pauses"), body=body)

    def list_pauses(self) -> list[dict[str, Any]]:
        pauses: list[dict[str, Any]] = self._request("get", self._addon("-/pauses"))[
            "pauses"
        ]
        return pauses

    # --- entities --------------------------------------------------------------------

    def find_representations(
        self, project_name: str, **filters: Any
    ) -> list[dict[str, Any]]:
        """Representations as ayon_api's `get_representations` gives them."""
        with self._turn, named_failures():
            return list(self.connect().get_representations(project_name, **filters))

    def find_products(self, project_name: str, **filters: Any) -> list[dict[str, Any]]:
        with self._turn, named_failures():
            return list(self.connect().get_products(project_name, **filters))

    def find_last_versions(
        self, project_name: str, product_ids: Iterable[str]
    ) -> list[dict[str, Any]]:
        with self._turn, named_failures():
            found = self.connect().get_last_versions(project_name, set(product_ids))
        return [version for version in found.values() if version]

    def find_input_versions(
        self, project_name: str, version_ids: Iterable[str], link_type: Optional[str]
    ) -> set[str]:
        """Versions that are linked into the given ones."""
        with self._turn, named_failures():
            links = self.connect().get_versions_links(
                project_name,
                set(version_ids),
                link_types=[link_type] if link_type else None,
                link_direction="in",
            )
        return {
            str(link["entityId"])
            for found in links.values()
            for link in found
            if link["entityType"] == "version"
        }

    def _post(
        self, project_name: str, path: str, body: Mapping[str, Any]
    ) -> dict[str, Any]:
        answer: dict[str, Any] = self._request(
            "post", self._addon(f"{project_name}/{path}"), body=body
        )
        return answer


@contextmanager
def named_failures() -> Iterator[None]:
    """Failures of ayon_api's own methods as `ServerError`."""
    try:
        yield
    except (
        requests.exceptions.ConnectionError,
        requests.exceptions.Timeout,
    ) as error:
        raise ServerUnreachableError(f"The AYON server: {error}") from error
    except (
        requests.exceptions.RequestException,
        ayon_api.exceptions.ServerError,
        ayon_api.exceptions.RequestError,
        # These two are no kin of the others, although a server's answer causes them.
        ayon_api.exceptions.GraphQlQueryError,
        ayon_api.exceptions.GraphQlQueryFailed,
    ) as error:
        raise ServerFailedError(f"The AYON server: {error}") from error
