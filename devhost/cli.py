"""The command line: `up`, `seed`, `openapi`, `demo`."""

import argparse
import json
import os
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ayon_server.types import PROJECT_NAME_REGEX

from devhost.data_folder import DataFolderError
from devhost.loader import AddonLibrary, AddonLoadError
from devhost.postgres import PostgresError
from devhost.process import DevhostStartError

_INTERRUPTED = 128 + signal.SIGINT
_MAX_PORT = 65535
_MAX_REPRESENTATIONS = 10_000_000
_MAX_SITES = 50


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. Bad input ends with exit code 2 and names the option."""
    parser = _make_parser()
    options = parser.parse_args(arguments)
    commands = {"up": _up, "seed": _seed, "openapi": _openapi, "demo": _demo}
    try:
        return commands[options.command](parser, options)
    except DataFolderError as error:
        parser.error(f"argument --data: {error}")
    except AddonLoadError as error:
        parser.error(f"argument --addon-zip/--addon-dir: {error}")
    except (PostgresError, DevhostStartError) as error:
        print(f"devhost: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED


def _up(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    from devhost.up import PortError, Ready, UpOptions, run_up  # noqa: PLC0415 - starts slowly

    def announce(ready: Ready) -> None:
        try:
            if options.json:
                print(json.dumps(ready.to_json()), flush=True)
            else:
                _print_ready(ready.to_json())
        except BrokenPipeError:
            # Whoever asked for it is gone; nothing is left to be said to him at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    try:
        run_up(
            UpOptions(
                data=options.data,
                port=options.port,
                addon_zips=tuple(options.addon_zip),
                addon_dirs=tuple(options.addon_dir),
                until_eof=options.until_eof,
            ),
            announce,
        )
    except PortError as error:
        parser.error(f"argument --port: {error}")
    return 0


def _print_ready(values: dict[str, Any]) -> None:
    print(f"devhost, a stand-in for an AYON server: {values['url']}")
    print(f"addon: {values['addon_url']}")
    for name, key in values["users"].items():
        print(f"  {name:<12} API key {key}")
    print("Ctrl-C stops it.", flush=True)


def _seed(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    from devhost.seed import SeedError, SeedPlan, run_seed  # noqa: PLC0415

    plan = SeedPlan(
        project=options.project,
        representations=options.representations,
        seed=options.seed,
        sites=options.sites,
    )
    try:
        summary = run_seed(options.data, plan)
    except SeedError as error:
        parser.error(f"argument --project: {error}")
    print(json.dumps(summary))
    return 0


def _openapi(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    from devhost.addon_routes import describe_addon  # noqa: PLC0415

    library = AddonLibrary([options.addon_dir])
    addon = next(iter(library))
    # The version is left out, so that a release does not change the file.
    description = describe_addon(addon, prefix="")
    description["info"]["version"] = "0.0.0"
    text = json.dumps(description, indent=2, sort_keys=True, ensure_ascii=False)
    try:
        options.output.write_text(text + "\n")
    except OSError as error:
        parser.error(f"argument --output: {error}")
    return 0


def _demo(_parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    from devhost.demo import run_demo  # noqa: PLC0415

    return run_demo(options.once, options.source)


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="devhost", description="A stand-in AYON server for development and tests."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_up(commands)
    _add_seed(commands)
    openapi = commands.add_parser("openapi", help="write the addon's OpenAPI JSON")
    openapi.add_argument("--output", type=Path, required=True, metavar="FILE")
    openapi.add_argument(
        "--addon-dir",
        type=_folder,
        default=Path(__file__).parent.parent,
        metavar="DIR",
        help="the addon to describe (default: this repository's)",
    )
    demo = commands.add_parser("demo", help="publish on one site, watch it arrive")
    demo.add_argument("--once", action="store_true", help="end when all is synced")
    demo.add_argument(
        "--source", type=_folder, metavar="DIR", help="publish these files"
    )
    return parser


def _add_up(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    up = commands.add_parser("up", help="serve until SIGTERM or Ctrl-C")
    up.add_argument(
        "--port", type=_port, default=0, help="of 127.0.0.1 (default: a free one)"
    )
    up.add_argument("--data", type=Path, required=True, metavar="DIR")
    up.add_argument("--json", action="store_true", help="one JSON line when ready")
    up.add_argument(
        "--addon-zip",
        type=_file,
        action="extend",
        nargs="+",
        default=[],
        metavar="FILE",
    )
    up.add_argument(
        "--addon-dir",
        type=_folder,
        action="extend",
        nargs="+",
        default=[],
        metavar="DIR",
    )
    up.add_argument(
        "--until-eof", action="store_true", help="also stop when standard input ends"
    )


def _add_seed(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    seed = commands.add_parser("seed", help="fill a project with synthetic publishes")
    seed.add_argument("--data", type=Path, required=True, metavar="DIR")
    seed.add_argument("--project", type=_project, required=True, metavar="NAME")
    seed.add_argument(
        "--representations",
        type=_Range(1, _MAX_REPRESENTATIONS),
        required=True,
        metavar="N",
    )
    seed.add_argument("--seed", type=int, default=1, help="same seed, same content")
    seed.add_argument(
        "--sites",
        type=_Range(2, _MAX_SITES),
        default=2,
        metavar="K",
        help="studio and K-1 machine sites (default: 2)",
    )


def _port(text: str) -> int:
    return _Range(0, _MAX_PORT)(text)


class _Range:
    """An argparse type: a whole number within bounds."""

    def __init__(self, lowest: int, highest: int) -> None:
        self.lowest, self.highest = lowest, highest

    def __call__(self, text: str) -> int:
        if not re.fullmatch(r"\d+", text) or not (
            self.lowest <= int(text) <= self.highest
        ):
            msg = f"{text!r} is not a whole number from {self.lowest} to {self.highest}"
            raise argparse.ArgumentTypeError(msg)
        return int(text)


def _project(text: str) -> str:
    if not text or not re.match(PROJECT_NAME_REGEX, text):
        msg = f"{text!r} is no project name: letters, digits and _ only"
        raise argparse.ArgumentTypeError(msg)
    return text


def _file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        msg = f"{text!r} is no file"
        raise argparse.ArgumentTypeError(msg)
    return path


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        msg = f"{text!r} is no folder"
        raise argparse.ArgumentTypeError(msg)
    return path
