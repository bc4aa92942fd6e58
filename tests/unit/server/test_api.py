"""Answers in slices, input checks, sentences of validation errors."""

import asyncio
import gzip
import json

import pytest
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from server.api.answers import answer_list, answer_mapping
from server.api.inputs import check_ids, check_statuses, check_text, clean_message
from server.api.list_models import QueryModel
from server.api.models import StatePostModel
from server.api.routing import describe_validation_error
from server.api.state import posted_files
from server.errors import InvalidRequestError


def make_request(accept_encoding: str | None = None) -> Request:
    headers = [] if accept_encoding is None else [accept_encoding.encode()]
    pairs = [(b"accept-encoding", value) for value in headers]
    return Request({"type": "http", "headers": pairs})


@pytest.mark.parametrize("count", [0, 1, 200, 20_000])
async def test_lists_are_whole_whatever_their_length(count: int) -> None:
    items = [{"number": number} for number in range(count)]
    answer = await answer_list(make_request(), "items", iter(items), {"total": count})
    assert json.loads(bytes(answer.body)) == {"items": items, "total": count}


@pytest.mark.parametrize("count", [0, 1, 20_000])
async def test_mappings_are_whole_whatever_their_length(count: int) -> None:
    members = {f'"{number}': {"a": [number]} for number in range(count)}
    answer = await answer_mapping(make_request(), "found", members)
    assert json.loads(bytes(answer.body)) == {"found": members}


@pytest.mark.parametrize(
    ("accepted", "is_compressed"),
    [
        ("gzip, deflate", True),
        ("br, GZIP;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0", False),
        ("br", False),
        (None, False),
    ],
)
async def test_large_answers_are_compressed_where_that_is_accepted(
    accepted: str | None, is_compressed: bool
) -> None:
    items = ["some text"] * 5000
    answer = await answer_list(make_request(accepted), "items", items)
    body = bytes(answer.body)
    assert (answer.headers.get("content-encoding") == "gzip") is is_compressed
    assert answer.headers["vary"] == "Accept-Encoding"
    assert json.loads(gzip.decompress(body) if is_compressed else body) == {
        "items": items
    }


async def test_small_answers_are_not_compressed() -> None:
    answer = await answer_list(make_request("gzip"), "items", [1])
    assert "content-encoding" not in answer.headers


async def test_others_get_their_turn_while_a_long_answer_is_made() -> None:
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counter = asyncio.create_task(count_turns())
    items = ({"files": list(range(1000))} for _ in range(2000))
    await answer_list(make_request(), "items", items)
    counter.cancel()
    assert turns > 3


def test_ids_lose_their_dashes() -> None:
    dashed = "0123ABCD-0123-0123-0123-0123456789ab"
    assert check_ids("ids", [dashed]) == ["0123abcd" + "0123" * 3 + "0123456789ab"]
    assert check_ids("ids", None) is None


@pytest.mark.parametrize("value", ["", "x", "0" * 33, "0" * 32 + "\n"])
def test_other_texts_are_no_ids(value: str) -> None:
    with pytest.raises(InvalidRequestError, match="ids: ids are 32"):
        check_ids("ids", [value])


@pytest.mark.parametrize("value", ["a\x00", "\ud800", "x" * 1001])
def test_texts_that_postgres_cannot_hold_are_refused(value: str) -> None:
    with pytest.raises(InvalidRequestError, match="search"):
        check_text("search", value)


def test_statuses_outside_the_enum_are_refused() -> None:
    assert check_statuses("statuses", [-1, 4]) == [-1, 4]
    with pytest.raises(InvalidRequestError, match=r"-1, 0, 1, 2, 3, 4"):
        check_statuses("statuses", [5])


def test_messages_are_made_storable() -> None:
    assert clean_message("a\x00b\ud800") == "ab?"
    assert clean_message(None) is None


def test_a_validation_error_names_the_field_and_what_is_allowed() -> None:
    with pytest.raises(ValidationError) as caught:
        QueryModel(sortBy="colour")
    error = RequestValidationError(
        [{**each, "loc": ("body", *each["loc"])} for each in caught.value.errors()]
    )
    described = describe_validation_error(error)
    assert described.detail.startswith("sortBy: unexpected value; permitted: 'folder'")
    assert described.extra == {"errorCode": "invalid_request", "field": "sortBy"}


async def test_long_lists_leave_others_their_turn() -> None:
    file = {"id": "a", "fileHash": "", "status": 4, "size": 1, "timestamp": 1}
    body = StatePostModel.parse_obj({"files": [file] * 20_000})
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(take_turns())
    files = await posted_files(body.files, "files")
    other.cancel()
    assert len(files) == 20_000
    assert turns > 2


async def test_a_wrong_item_of_a_long_list_is_told_with_its_place() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        await posted_files([{"id": "a", "fileHash": ""}, {"id": "b"}], "files")
    assert caught.value.detail == "files.1.fileHash: field required"
