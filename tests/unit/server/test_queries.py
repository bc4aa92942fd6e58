"""Named queries, and what may be put into them."""

import re

import pytest

from server.sql import QueryFile, migrations, project_schema

FILES = ("access", "agents", "schema", "state", "summary", "transfers")


def test_schemas_are_lower_case_and_quoted() -> None:
    assert project_schema("Demo_1") == '"project_demo_1"'


@pytest.mark.parametrize("name", ["", "a b", 'a"; DROP', "a.b", "ü", "a\n"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="project name"):
        project_schema(name)


def test_fragments_are_queries_of_the_same_file() -> None:
    query = QueryFile("activity").get("moving", "demo", parents="parents")
    assert "{" not in query
    with pytest.raises(KeyError):
        QueryFile("activity").get("moving", "demo", parents="1 = 1")


def test_migrations_are_numbered_without_gaps() -> None:
    for scope in ("project", "public"):
        numbers = [int(name.split("_")[0]) for name, _ in migrations(scope)]
        assert numbers == list(range(1, len(numbers) + 1))


def test_migrations_of_projects_name_no_schema() -> None:
    for name, sql in migrations("project"):
        code = re.sub(r"--.*", "", sql)
        assert not re.search(r"\b(public|project_\w+)\.", code), name
