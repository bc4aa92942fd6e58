"""Every code that people meet is explained in docs/troubleshooting.md, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from server import errors as server_errors

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")
CLIENT = ROOT / "client/ayon_sitesync"
# What makes an answer about one row, file or site, which has no error class.
TELLERS = re.compile(r"Problem|_Refusal|refuse|reject", re.IGNORECASE)
CODE = re.compile(r"[a-z]+(_[a-z]+)*")


def list_api_errors() -> dict[str, int]:
    """HTTP status by code."""
    return {
        kind.error_code: kind.status
        for kind in vars(server_errors).values()
        if isinstance(kind, type) and issubclass(kind, server_errors.SiteSyncError)
    }


def list_words() -> set[str]:
    """Codes of what the server says in words."""
    domain = ROOT / "server/domain"
    reasons = (domain / "explanation.py").read_text(encoding="utf-8")
    codes = set(re.findall(r'Reason\(\s*"([a-z_]+)"', reasons))
    problems = (domain / "problems.py").read_text(encoding="utf-8")
    codes.update(re.findall(r'"([a-z_]+)",\s*"(?:error|warning)",', problems))
    return codes


def list_client_codes() -> set[str]:
    """Of unusable sites and of failed files."""
    text = (CLIENT / "errors.py").read_text(encoding="utf-8")
    codes = set(re.findall(r'^[A-Z_]+ = "([a-z_]+)"', text, re.MULTILINE))
    codes.update(re.findall(r'error_class(?:: \S+)? = "([a-z_]+)"', text))
    return codes


def list_codes_in_answers() -> set[str]:
    """What answers tell of single rows, files and sites."""
    return {
        code
        for folder in ("api", "gql", "store", "domain")
        for path in (ROOT / "server" / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for code in find_codes(node)
    }


def find_codes(node: ast.AST) -> Iterator[str]:
    """Codes that a piece of source tells: an argument, a value, before a sentence."""
    told: list[ast.expr] = []
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            told = node.args if TELLERS.search(name) else []
        case ast.Dict():
            told = [
                value
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant) and key.value == "errorCode"
            ]
        case ast.Assign(targets=[ast.Name(id="code")], value=ast.IfExp() as choice):
            told = [choice.body, choice.orelse]
        case ast.Assign(targets=[ast.Tuple(elts=[ast.Name(id="code"), _])]):
            told = node.value.elts if isinstance(node.value, ast.Tuple) else []
        case ast.Return(value=ast.Tuple(elts=[first, sentence])):
            told = [first] if is_sentence(sentence) else []
    constants = [value.value for value in told if isinstance(value, ast.Constant)]
    codes = [str(value) for value in constants if CODE.fullmatch(str(value))]
    # Of a call the first word is the code; others may follow, as how bad it is.
    yield from codes[:1] if isinstance(node, ast.Call) else codes


def is_sentence(value: ast.expr) -> bool:
    plain = isinstance(value, ast.Constant) and " " in str(value.value)
    return plain or isinstance(value, ast.JoinedStr)


def list_explained() -> set[str]:
    rows = [line.split("|")[1] for line in TEXT.splitlines() if line.startswith("|")]
    return {code for row in rows for code in re.findall(r"`([a-z_]+)`", row)}


def test_every_code_is_explained_and_no_other() -> None:
    server = list_api_errors().keys() | list_words()
    in_answers = list_codes_in_answers()
    client = list_client_codes()
    assert {"last_copy", "will_retry", "stuck"} <= server
    assert {"proof_missing", "unknown_tombstone", "secret_not_allowed"} <= in_answers
    assert {"not_mounted", "corrupt"} <= client
    assert list_explained() == server | in_answers | client


def test_the_table_of_answers_has_their_status() -> None:
    told = re.findall(r"^\| `([a-z_]+)` \| (\d{3}) \|", TEXT, re.MULTILINE)
    assert {code: int(status) for code, status in told} == list_api_errors()


def test_no_code_is_written_beside_the_named_ones() -> None:
    """Of unusable sites: the client's modules use the names of `errors.py`."""
    codes = {code for code in list_client_codes() if "_" in code}
    beside = {
        (path.relative_to(CLIENT).as_posix(), node.value)
        for path in CLIENT.rglob("*.py")
        if path.name != "errors.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in codes
    }
    assert beside == set()
