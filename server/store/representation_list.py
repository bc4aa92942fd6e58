"""The list of representations with their state on sites: pages, totals, anchors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ..domain.cursor import Cursor, encode_cursor
from ..host import Postgres
from ..sql import QueryFile
from .filters import Filters
from .list_rows import describe_row
from .lists import fetch_filtered

_SQL = QueryFile("lists")
_FIRST_ID = "0" * 32
# Orders by what a site says; the others are by what AYON says.
SITE_ORDERS = frozenset({"status", "priority", "changed", "size"})
# Orders for which there is an index: a page of everything ends after its rows.
_INDEXED = SITE_ORDERS - {"size"} | {"folder"}
FEW_ROWS = 200
"""A page of more is read sooner with what was found kept in mind."""


@dataclass(frozen=True)
class Order:
    """Order of a list. `site_name` is whose row counts in one of `SITE_ORDERS`."""

    sort_by: str = "folder"
    is_descending: bool = False
    site_name: str | None = None

    @property
    def is_by_site(self) -> bool:
        return self.sort_by in SITE_ORDERS

    @property
    def name(self) -> str | None:
        """What keys of cursors belong to; None where they have none."""
        return f"{self.sort_by} on {self.site_name}" if self.is_by_site else None


@dataclass(frozen=True)
class Slice:
    """A part of a list: `count` rows after `cursor`, or before it going backwards."""

    count: int
    cursor: Cursor | None = None
    is_backward: bool = False
    order: Order = Order()

    @property
    def reads_descending(self) -> bool:
        return self.order.is_descending != self.is_backward


@dataclass(frozen=True)
class Page:
    """Records in the list's order, their states, and whether there are others around.

    `rows()` builds the answer's rows one by one, as many files take their time; JSON of
    files is text until then.
    """

    records: list[Any]
    states: dict[str, list[Any]]
    with_files: bool
    has_next: bool
    has_previous: bool
    order: Order

    def rows(self) -> Iterator[dict[str, Any]]:
        for record in self.records:
            states = self.states.get(record["id"], [])
            yield describe_row(record, states, self.with_files)

    def cursors(self) -> list[str]:
        return [_cursor(record, self.order) for record in self.records]

    def info(self) -> dict[str, Any]:
        records = self.records
        return {
            "startCursor": _cursor(records[0], self.order) if records else None,
            "endCursor": _cursor(records[-1], self.order) if records else None,
            "hasNextPage": self.has_next,
            "hasPreviousPage": self.has_previous,
        }


@dataclass(frozen=True)
class Anchors:
    """Cursors of a list's first row and of every Nth, and how many rows it has."""

    cursors: list[str]
    total: int


class RepresentationList:
    """Reads of the list; what a caller may not read is in none of them."""

    async def matching_ids(
        self, project_name: str, filters: Filters, after_id: str | None, limit: int
    ) -> list[str]:
        """Return ids in their order, `limit` at most, beyond `after_id`."""
        values = [limit, after_id or _FIRST_ID]
        rows = await fetch_filtered("matching_ids", project_name, filters, values)
        return [row["id"] for row in rows]

    async def page(
        self,
        project_name: str,
        filters: Filters,
        part: Slice,
        site_names: list[str] | None,
        with_files: bool,
    ) -> Page:
        """Return a part of the list, with the state on `site_names` (None = all)."""
        read = self._on_site if part.order.is_by_site else self._plain
        wanted = replace(part, count=part.count + 1)
        async with Postgres.transaction():  # one connection for all of it
            records = await read(project_name, filters, wanted, with_files)
            has_more = len(records) > part.count
            records = records[: part.count]
            if part.is_backward:
                records.reverse()
            states = await self._states(
                project_name,
                [record["id"] for record in records],
                site_names,
                with_files,
            )
        has_cursor = part.cursor is not None
        return Page(
            records=records,
            states=states,
            with_files=with_files,
            has_next=has_cursor if part.is_backward else has_more,
            has_previous=has_more if part.is_backward else has_cursor,
            order=part.order,
        )

    async def anchors(
        self,
        project_name: str,
        filters: Filters,
        order: Order,
        every: int,
        most: int,
    ) -> Anchors:
        """Return the cursors of rows 1, `every`, 2 * `every`, ... of the list.

        After the cursor of row N comes row N + 1.
        """
        direction = "_desc" if order.is_descending else ""
        values = [every, most]
        if order.is_by_site:
            rows = await fetch_filtered(
                "anchors_on_site",
                project_name,
                filters,
                values,
                site_name=order.site_name,
                order=f"anchor_order_{order.sort_by}{direction}",
                key=f"key_{order.sort_by}",
                is_counted=f"counted_{order.sort_by}",
            )
        else:
            name = f"order_{order.sort_by}{direction}"
            rows = await fetch_filtered(
                "anchors", project_name, filters, values, order=name
            )
        total = rows[0]["total"] if rows else 0
        cursors = [_cursor(row, order) for row in rows if row["position"] % every == 0]
        return Anchors(cursors[:most], total)

    async def _plain(
        self, project_name: str, filters: Filters, part: Slice, with_files: bool
    ) -> list[Any]:
        direction = "_desc" if part.reads_descending else ""
        suffix = f"{part.order.sort_by}{direction}"
        cursor = part.cursor
        settings, parents = "plan_for_values", filters.parents
        if _reads_few(filters, part):
            settings = "plan_for_few"
        if part.order.sort_by == "product" and filters.is_everything:
            settings, parents = "plan_for_products", "parents_by_product"
        return await fetch_filtered(
            "page",
            project_name,
            filters,
            [part.count, *([] if cursor is None else cursor.sort_key())],
            settings=settings,
            parents=parents,
            products_in_order=f"products_in_order{direction}",
            products="nothing" if cursor is None else f"products_from{direction}",
            order=f"order_{suffix}",
            from_key="nothing" if cursor is None else f"from_{suffix}",
            files="with_files" if with_files else "without_files",
        )

    async def _on_site(
        self, project_name: str, filters: Filters, part: Slice, with_files: bool
    ) -> list[Any]:
        """Read the rows of the site, then what has none; backwards the other way."""
        cursor = part.cursor
        names = ["page_on_site", "page_off_site"]
        if part.is_backward:
            names.reverse()
        if cursor is not None:
            at = "page_off_site" if cursor.key is None else "page_on_site"
            names = names[names.index(at) :]
        records: list[Any] = []
        for name in names:
            if len(records) < part.count:
                rest = replace(
                    part,
                    count=part.count - len(records),
                    cursor=cursor if name == names[0] else None,
                )
                records += await self._site_records(
                    name, project_name, filters, rest, with_files
                )
        return records

    async def _site_records(
        self,
        name: str,
        project_name: str,
        filters: Filters,
        part: Slice,
        with_files: bool,
    ) -> list[Any]:
        direction = "_desc" if part.reads_descending else ""
        has_row = name == "page_on_site"
        key = part.order.sort_by
        cursor = part.cursor
        values: list[Any] = [part.count]
        if cursor is not None:
            values += [cursor.key, cursor.id] if has_row else [cursor.id]
        from_key = f"from_{key if has_row else 'off_site'}{direction}"
        settings = "plan_for_values"
        if has_row and _reads_few(filters, part):
            settings = "plan_for_few_on_site"
        return await fetch_filtered(
            name,
            project_name,
            filters,
            values,
            settings=settings,
            site_name=part.order.site_name,
            order=f"order_{key if has_row else 'id'}{direction}",
            from_key="nothing" if cursor is None else from_key,
            key=f"key_{key}",
            is_counted=f"counted_{key}",
            files="with_files" if with_files else "without_files",
        )

    async def _states(
        self,
        project_name: str,
        representation_ids: list[str],
        site_names: list[str] | None,
        with_files: bool,
    ) -> dict[str, list[Any]]:
        if not representation_ids:
            return {}
        records = await Postgres.fetch(
            _SQL.get("sites_of_page", project_name),
            representation_ids,
            site_names,
            with_files,
        )
        states: dict[str, list[Any]] = {}
        for record in records:
            states.setdefault(record["representation_id"], []).append(record)
        return states


def _reads_few(filters: Filters, part: Slice) -> bool:
    """Tell whether the rows of a part are the first that Postgres comes to."""
    return (
        part.count <= FEW_ROWS
        and part.order.sort_by in _INDEXED
        and filters.is_everything
    )


def _cursor(record: Any, order: Order) -> str:
    return encode_cursor(
        Cursor(
            record["path"],
            record["product"],
            record["version"],
            record["representation"],
            record["id"],
            record["key"],
            order.name,
        )
    )
