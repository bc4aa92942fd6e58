"""What a check of `doctor` found."""

from __future__ import annotations

from dataclasses import dataclass

OK, WARNING, WRONG = "ok", "warning", "wrong"


@dataclass(frozen=True)
class Check:
    """`todo` is empty when all is well."""

    subject: str
    result: str
    found: str
    todo: str = ""
