from __future__ import annotations

from typing import Any


class Command:
    def __init__(self, function: Any, **described: Any) -> None:
        self.function = function
        self.described = described
        self.commands: list[Command] = []
        self.options: list[tuple[str, ...]] = []

    def command(self, function: Any, **described: Any) -> Command:
        self.commands.append(Command(function, **described))
        return self.commands[-1]

    def option(self, *names: str, **described: Any) -> Command:
        self.options.append(names)
        return self

    def to_click_obj(self) -> Command:
        return self


group = Command
