"""The hunt for secrets finds what it hunts, in whatever form it is."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from tests.support.canaries import Hunt
from tests.support.rclone_servers import obscure

SECRET = 'canary "pä/ss\\word+1'


@pytest.mark.parametrize(
    "text",
    [
        f"password is {SECRET}!",
        json.dumps({"pass": SECRET}),
        f"https://me:{quote(SECRET, safe='')}@host/",
        "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode(),
        "Basic " + base64.b64encode(f"user:{SECRET}".encode()).decode(),
        "Basic " + base64.b64encode(f"users:{SECRET}".encode()).decode(),
        SECRET.encode().hex(),
    ],
)
def test_forms_of_a_secret_are_found(text: str) -> None:
    hunt = Hunt({"it": SECRET})
    hunt.add("log", text)
    assert [each.split()[0] for each in hunt.find()] == ["it"]


def test_a_secret_that_rclone_obscured_is_found() -> None:
    hunt = Hunt({"it": SECRET})
    hunt.add("configuration", f"pass = {obscure(SECRET)}")
    assert [each.split()[0] for each in hunt.find()] == ["it"]


def test_other_texts_are_no_finds() -> None:
    hunt = Hunt({"it": SECRET})
    hunt.add(
        "log",
        f"{obscure('another')} {'0af3' * 8} canary password {'Q' * 60} {'R' * 61}",
    )
    assert hunt.find() == []
