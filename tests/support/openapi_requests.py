"""Requests made up from an OpenAPI description, and answers held against it."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

Json = Any

# What breaks text handling: quotes, wildcards, comments, NUL, half a surrogate pair,
# paths, formats, other scripts, length.
HOSTILE = (
    "",
    "'",
    '"',
    "\\",
    "%",
    "_",
    "o'brien",
    "x' OR '1'='1",
    "x'); DROP TABLE public.users; --",
    "x' UNION SELECT name FROM public.users --",
    "$1",
    "{schema}",
    "{}",
    "%s",
    "../../etc/passwd",
    "\x00",
    "\ud800",
    "ünïcödé 💥",
    "\u202e",
    "a" * 3000,
    "local",
    "NaN",
    "null",
)
ODD_NUMBERS = (0, -1, 1, 2**31, -(2**31) - 1, 2**63, -(2**63) - 1, 2**70, 1e308, 0.5)
MISCHIEF = 0.06
OMITTED = 0.05
OPTIONAL = 0.35


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    description: Mapping[str, Json]

    @property
    def name(self) -> str:
        return str(self.description["operationId"])


@dataclass(frozen=True)
class MadeRequest:
    operation: Operation
    url: str
    params: list[tuple[str, Json]]
    body: Json
    has_body: bool


class RequestMaker:
    """Makes up requests, mostly valid ones, the same for the same seed.

    :param known: values that exist, by the name of the parameter or field in which
        they make sense; `*` for any text.
    """

    def __init__(
        self,
        document: Mapping[str, Json],
        known: Mapping[str, Sequence[str]],
        seed: int,
    ) -> None:
        self._document = document
        self._known = known
        self._random = random.Random(seed)
        self.operations = [
            Operation(method.upper(), path, description)
            for path, methods in document["paths"].items()
            for method, description in methods.items()
        ]

    def make(self, operation: Operation) -> MadeRequest:
        url, params = operation.path, []
        for parameter in operation.description.get("parameters", []):
            name, place = parameter["name"], parameter["in"]
            is_wanted = parameter.get("required") or self._chance(OPTIONAL)
            if place == "header" or not (is_wanted or place == "path"):
                continue
            value = self._value(parameter.get("schema", {}), name)
            if place == "path":
                text = quote(_as_text(value).encode("utf-8", "replace"), safe="")
                url = url.replace(f"{{{name}}}", text)
            else:
                values = value if isinstance(value, list) else [value]
                params += [(name, _as_text(item)) for item in values]
        body = operation.description.get("requestBody")
        if body is None:
            return MadeRequest(operation, url, params, None, False)
        schema = body["content"]["application/json"]["schema"]
        return MadeRequest(operation, url, params, self._value(schema, ""), True)

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _value(self, schema: Mapping[str, Json], name: str, depth: int = 0) -> Json:
        if self._chance(MISCHIEF) and depth:
            return self._oddity()
        schema = resolve(self._document, schema)
        if "enum" in schema:
            return self._random.choice(schema["enum"])
        choices = schema.get("anyOf") or schema.get("oneOf")
        if choices:
            return self._value(self._random.choice(choices), name, depth)
        make = getattr(self, f"_{schema.get('type', 'anything')}")
        return make(schema, name, depth)

    def _oddity(self) -> Json:
        odd: tuple[Json, ...] = (
            None,
            True,
            [],
            {},
            [[]],
            {"a": {"b": None}},
            "text",
            *ODD_NUMBERS,
        )
        return self._random.choice((*odd, *HOSTILE))

    def _anything(self, _schema: Mapping[str, Json], _name: str, _depth: int) -> Json:
        return self._oddity()

    def _string(self, _schema: Mapping[str, Json], name: str, _depth: int) -> str:
        known = self._known.get(name) or self._known.get("*", [])
        if self._chance(0.75) and known:
            return self._random.choice(known)
        return self._random.choice(HOSTILE)

    def _integer(self, schema: Mapping[str, Json], _name: str, _depth: int) -> int:
        low, high = schema.get("minimum", -5), schema.get("maximum", 2**31 - 1)
        near = self._random.randint(int(low), int(min(low + 60, high)))
        return self._random.choice((near, near, near, int(low), int(high)))

    def _number(self, schema: Mapping[str, Json], name: str, depth: int) -> float:
        return float(self._integer(schema, name, depth)) + 0.5

    def _boolean(self, _schema: Mapping[str, Json], _name: str, _depth: int) -> bool:
        return self._chance(0.5)

    def _array(self, schema: Mapping[str, Json], name: str, depth: int) -> list[Json]:
        count = max(self._random.randint(0, 3), schema.get("minItems", 0))
        item = schema.get("items", {})
        return [self._value(item, name, depth + 1) for _ in range(count)]

    def _object(self, schema: Mapping[str, Json], _name: str, depth: int) -> Json:
        required = set(schema.get("required", []))
        result: dict[str, Json] = {}
        for name, inner in schema.get("properties", {}).items():
            share = 1 - OMITTED if name in required else OPTIONAL
            if self._chance(share):
                result[name] = self._value(inner, name, depth + 1)
        extra = schema.get("additionalProperties")
        if isinstance(extra, dict) and extra:
            for _ in range(self._random.randint(0, 2)):
                key = self._string({}, "siteName", depth)
                result[key] = self._value(extra, "", depth + 1)
        return result


def resolve(
    document: Mapping[str, Json], schema: Mapping[str, Json]
) -> Mapping[str, Json]:
    """The schema behind references and single `allOf`."""
    while True:
        if "$ref" in schema:
            found = document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            schema = found
        elif "allOf" in schema:
            [schema] = schema["allOf"]
        else:
            return schema


def mismatches(
    document: Mapping[str, Json], schema: Mapping[str, Json], value: Json, at: str = "$"
) -> Iterator[str]:
    """Where `value` is not as described: wrong types, absent or unknown keys."""
    schema = resolve(document, schema)
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        if all(list(mismatches(document, one, value, at)) for one in choices):
            yield f"{at}: {value!r:.80} fits none of the choices"
        return
    kind = schema.get("type")
    if kind is not None and not _is_kind(kind, value):
        yield f"{at}: {value!r:.80} is no {kind}"
    elif kind == "object":
        yield from _object_mismatches(document, schema, value, at)
    elif kind == "array":
        for number, item in enumerate(value):
            yield from mismatches(document, schema["items"], item, f"{at}[{number}]")


def _object_mismatches(
    document: Mapping[str, Json], schema: Mapping[str, Json], value: Json, at: str
) -> Iterator[str]:
    properties = schema.get("properties", {})
    extra = schema.get("additionalProperties")
    yield from (
        f"{at}: {name} is absent"
        for name in schema.get("required", [])
        if name not in value
    )
    for name, item in value.items():
        if name in properties:
            # pydantic 1 does not describe that an optional field may be null.
            if item is not None:
                yield from mismatches(document, properties[name], item, f"{at}.{name}")
        elif isinstance(extra, dict) and extra:
            yield from mismatches(document, extra, item, f"{at}.{name}")
        elif properties:
            yield f"{at}: {name} is not described"


def _is_kind(kind: str, value: Json) -> bool:
    kinds: dict[str, tuple[type, ...]] = {
        "string": (str,),
        "integer": (int,),
        "number": (int, float),
        "boolean": (bool,),
        "array": (list,),
        "object": (dict,),
        "null": (type(None),),
    }
    is_bool_as_number = isinstance(value, bool) and kind in ("integer", "number")
    return isinstance(value, kinds[kind]) and not is_bool_as_number


def _as_text(value: Json) -> str:
    text = str(value).lower() if isinstance(value, bool | None) else str(value)
    return text.encode("utf-8", "replace").decode()
