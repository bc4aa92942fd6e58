"""Answers in slices, input checks, sentences of validation errors."""

import json

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from server.api.answers import answer_list
from server.api.inputs import check_ids, check_statuses, check_text, clean_message
from server.api.models import QueryModel
from server.api.routing import describe_validation_error
from server.errors import InvalidRequestError


@pytest.mark.parametrize("count", [0, 1, 200, 201, 450])
async def test_lists_are_whole_whatever_their_length(count: int) -> None:
    items = [{"number": number} for number in range(count)]
    answer = await answer_list("items", iter(items))
    assert json.loads(bytes(answer.body)) == {"items": items}


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
        QueryModel(sortBy="size")
    error = RequestValidationError(
        [{**each, "loc": ("body", *each["loc"])} for each in caught.value.errors()]
    )
    described = describe_validation_error(error)
    assert described.detail.startswith("sortBy: unexpected value; permitted: 'folder'")
    assert described.extra == {"errorCode": "invalid_request", "field": "sortBy"}
