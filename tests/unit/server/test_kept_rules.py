"""Rules of projects are kept for a moment, and never beyond a change."""

from dataclasses import dataclass, field

import pytest

from server.api.kept_rules import MAX_AGE_SECONDS, KeptRules, RulesKey
from server.domain.site import ProjectSites

KEY: RulesKey = ("demo", "production", None, None)


def make_rules(retries: int) -> ProjectSites:
    return ProjectSites(
        enabled=True,
        active_site="studio",
        remote_site="nearline",
        default_active_site="studio",
        retry_count=retries,
        accept_unleased_results=True,
    )


@dataclass
class Settings:
    """Rules that are loaded: each time others."""

    now: float = 0.0
    loads: int = 0
    kept: KeptRules = field(init=False)

    def __post_init__(self) -> None:
        self.kept = KeptRules(lambda: self.now)

    async def load(self) -> ProjectSites:
        self.loads += 1
        return make_rules(self.loads)

    async def ask(self, key: RulesKey = KEY) -> int:
        return (await self.kept.get(key, self.load)).retry_count


@pytest.fixture
def settings() -> Settings:
    return Settings()


async def test_rules_are_read_once_for_a_moment(settings: Settings) -> None:
    assert [await settings.ask(), await settings.ask()] == [1, 1]
    settings.now = MAX_AGE_SECONDS + 0.1
    assert await settings.ask() == 2


async def test_each_caller_and_variant_has_its_own(settings: Settings) -> None:
    assert await settings.ask() == 1
    assert await settings.ask(("demo", "staging", None, None)) == 2
    assert await settings.ask(("demo", "production", "artist", "machine")) == 3


async def test_a_change_is_seen_at_once(settings: Settings) -> None:
    assert await settings.ask() == 1
    settings.kept.forget()
    assert await settings.ask() == 2


async def test_what_was_read_before_a_change_is_not_kept(settings: Settings) -> None:
    async def load_while_they_change() -> ProjectSites:
        settings.kept.forget()
        return make_rules(50)

    await settings.kept.get(KEY, load_while_they_change)
    assert await settings.ask() == 1
