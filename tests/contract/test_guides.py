"""What the guides for people say, held against the code."""

import argparse
import json
import plistlib
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from ayon_sitesync.cli import parser as parser_module
from ayon_sitesync.cli.commands import COMMANDS
from ayon_sitesync.providers import base

from server.domain.setting_faults import find_faults
from server.settings.choices import list_providers
from server.settings.main import SiteSettings, SiteSyncSettings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SOURCE = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|sql|tsx?|sh|json|md|toml))`")
# Sections that describe the options of others by a word.
NOT_NAMED = {"-h", "--help"}


def read_sections(name: str, level: str) -> dict[str, str]:
    """Text by heading, for headings that are one code word."""
    text = (DOCS / name).read_text(encoding="utf-8")
    parts = re.split(rf"^{level} `([a-z-]+)`$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def list_options(command: str) -> set[str]:
    parser = parser_module.make_parser()
    chosen = next(
        action
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
    ).choices[command]
    return {option for action in chosen._actions for option in action.option_strings}


def block(name: str, kind: str) -> str:
    """The one fenced block of a kind."""
    text = (DOCS / name).read_text(encoding="utf-8")
    found = re.findall(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return str(found[0])


# --- command line --------------------------------------------------------------------


def test_the_reference_names_every_command_in_order() -> None:
    sections = read_sections("command-line.md", "###")
    assert sorted(sections) == sorted(command.name for command in COMMANDS)


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_the_reference_names_every_option(command: str) -> None:
    text = (DOCS / "command-line.md").read_text(encoding="utf-8")
    chapter = next(
        part
        for part in re.split(r"^## ", text, flags=re.MULTILINE)
        if f"### `{command}`" in part
    )
    shared = text.split("## Running")[0]
    named = set(re.findall(r"--[a-z][a-z-]+", shared + chapter))
    assert list_options(command) - NOT_NAMED <= named


def test_the_reference_names_no_option_that_is_not_there() -> None:
    for command, section in read_sections("command-line.md", "###").items():
        own = section.split("\n## ")[0]
        assert set(re.findall(r"--[a-z][a-z-]+", own)) <= list_options(command), command


def test_exit_codes_are_those_of_the_help() -> None:
    table = (DOCS / "command-line.md").read_text(encoding="utf-8")
    codes = re.findall(r"^\| (\d+) \|", table, re.MULTILINE)
    assert codes == re.findall(r"(\d+) [a-z]", parser_module.EXIT_CODES)


# --- links ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_of_the_first_pages_lead_somewhere(name: str) -> None:
    """Those inside docs/ are checked by `make docs`."""
    text = (ROOT / name).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#\s]+)", text)
    local = [link for link in links if "://" not in link]
    assert local
    assert [link for link in local if not (ROOT / link).exists()] == []


def test_files_that_the_guides_name_are_there() -> None:
    pages = [*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    client = ROOT / "client/ayon_sitesync"
    bases = (ROOT, DOCS, ROOT / "server", client, client / "providers")
    named = {
        (page.name, name)
        for page in pages
        for name in SOURCE.findall(page.read_text(encoding="utf-8"))
    }
    assert named
    assert {
        (page, name)
        for page, name in named
        if not any((base / name).exists() for base in bases)
    } == set()


def test_every_picture_is_shown() -> None:
    gallery = (DOCS / "pictures.md").read_text(encoding="utf-8")
    shown = re.findall(r"\]\(images/([a-z]+-\d+\.png)\)", gallery)
    assert sorted(shown) == sorted(path.name for path in (DOCS / "images").iterdir())


# --- services ------------------------------------------------------------------------


def test_the_systemd_unit_is_one(tmp_path: Path) -> None:
    unit = block("running-as-a-service.md", "ini")
    assert "LoadCredential=api-key:" in unit
    assert "--api-key-file ${CREDENTIALS_DIRECTORY}/api-key" in unit
    verify = shutil.which("systemd-analyze")
    if verify is not None:
        path = tmp_path / "ayon-sitesync@studio.service"
        path.write_text(unit)
        found = subprocess.run(
            [verify, "verify", "--man=no", str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert [line for line in found.stderr.splitlines() if path.name in line] == []


def test_the_launchd_plist_runs_the_agent() -> None:
    plist = plistlib.loads(block("running-as-a-service.md", "xml").encode())
    assert plist["ProgramArguments"][1:4] == ["-m", "ayon_sitesync", "agent"]
    assert plist["KeepAlive"] == {"SuccessfulExit": False}


def test_the_windows_service_runs_the_agent() -> None:
    text = (DOCS / "running-as-a-service.md").read_text(encoding="utf-8")
    (service,) = re.findall(r"^<service>.*?^</service>", text, re.MULTILINE | re.DOTALL)
    tree = ET.fromstring(service)
    words = (tree.findtext("arguments") or "").split()
    parser_module.make_parser().parse_args(words[words.index("agent") :])


@pytest.mark.parametrize("name", ["command-line.md", "running-as-a-service.md"])
def test_commands_that_are_shown_can_be_typed(name: str) -> None:
    text = (DOCS / name).read_text(encoding="utf-8")
    shown = re.findall(r"-m ayon_sitesync ([a-z][^`\n#<]*)", text)
    assert shown
    parser = parser_module.make_parser()
    for line in shown:
        words = line.replace('"', "").replace("%i", "studio").split()
        parser.parse_known_args(words)


# --- sites ---------------------------------------------------------------------------


def test_the_examples_of_sites_are_settings() -> None:
    text = (DOCS / "admin-guide.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```json\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    sites = [json.loads(example) for example in examples]
    providers = {value["value"] for value in list_providers()} - {"custom"}
    assert {site["provider"] for site in sites} == providers
    for site in sites:
        stored = SiteSettings(**site).dict()
        assert_holds(stored, site)
        settings = SiteSyncSettings(enabled=True, sites=[site]).dict()
        assert find_faults(settings, frozenset()) == []


def test_the_guide_of_providers_names_the_whole_contract() -> None:
    text = (DOCS / "provider-guide.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(?:Reader\.|Part\.)?([a-zA-Z_]+)[`(]", text))
    contracts = (base.Provider, base.Reader, base.Part)
    methods = {name for kind in contracts for name in vars(kind) if name[0] != "_"}
    assert {"locate", "readinto", "publish"} <= methods <= named
    assert {field.name for field in fields(base.SiteConfig)} <= named
    basic = {"keeps_mtime", "is_disk", "reads_back"}
    assert {field.name for field in fields(base.Capabilities)} - basic <= named


def test_the_example_of_a_site_with_a_provider_of_ones_own_is_one() -> None:
    text = (DOCS / "provider-guide.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    site = json.loads(example)
    assert_holds(SiteSettings(**site).dict(), site)
    settings = SiteSyncSettings(enabled=True, sites=[site]).dict()
    assert find_faults(settings, frozenset()) == []


def assert_holds(stored: Any, example: Any) -> None:
    """Every value of the example is a known key's, and is stored as it is."""
    if isinstance(example, dict):
        for key, value in example.items():
            assert_holds(stored[key], value)
    elif isinstance(example, list):
        for item, value in zip(stored, example, strict=True):
            assert_holds(item, value)
    else:
        assert stored == example
