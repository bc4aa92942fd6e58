"""Settings with secrets: who is handed them, what is filled in, what is recorded."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from ayon_server.lib.postgres import Postgres

from tests.integration.conftest import CONFIGURED, SITE, SetSettings, store_own_settings
from tests.support.devhost_app import Host
from tests.support.server_log import read_server_log

SECRET = "correct horse battery staple"
NAMED = "{secret:vault_password}"


def sftp(password: str = NAMED, **site: Any) -> dict[str, Any]:
    return {
        "name": CONFIGURED,
        "provider": "sftp",
        "sftp": {"sftp_host": "vault", "sftp_pass": password},
        **site,
    }


@pytest.fixture
async def secret(host: Host) -> None:
    await add_secret("vault_password", SECRET)


async def add_secret(name: str, value: str) -> None:
    await Postgres.execute("INSERT INTO public.secrets VALUES ($1, $2)", name, value)


async def own_machine(user: str) -> None:
    await Postgres.execute(
        "INSERT INTO public.sitesync_machine_sites VALUES ($1, $2, $2, now())",
        *(SITE, user),
    )


async def set_project(host: Host, **data: Any) -> None:
    await Postgres.execute(
        "INSERT INTO project_demo.settings (addon_name, addon_version, variant, data) "
        "VALUES ($1, $2, 'production', $3)",
        host.addon.name,
        host.addon.version,
        data,
    )


async def ask(
    host: Host, user: str, *sites: str, site_id: str | None = None
) -> dict[str, Any]:
    client = await host.client(user, site_id)
    answer = await client.post(
        f"{host.addon_path}/demo/credentials",
        json={"siteNames": list(sites) or [CONFIGURED]},
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    content: dict[str, Any] = answer.json()
    return content


async def refusal(host: Host, user: str, **options: Any) -> str:
    content = await ask(host, user, **options)
    assert content["sites"] == {}
    [refused] = content["refused"]
    assert refused["detail"]
    code: str = refused["errorCode"]
    return code


async def test_services_get_the_values_of_secrets(
    host: Host, set_settings: SetSettings, secret: None
) -> None:
    await set_settings(sites=[sftp()])
    content = await ask(host, "service")
    handed = content["sites"][CONFIGURED]
    assert handed["provider"] == "sftp"
    assert handed["settings"]["sftp_pass"] == SECRET
    assert handed["settings"]["sftp_host"] == "vault"
    assert content["refused"] == []


@pytest.mark.parametrize(
    ("receivers", "password", "expected"),
    [
        ([], "typed here", None),
        ([], NAMED, "not_allowed"),
        (["services"], "typed here", "not_allowed"),
        (["services"], NAMED, "not_allowed"),
        (["everyone"], NAMED, None),
        (["artist"], NAMED, None),
        (["supervisors"], NAMED, "not_allowed"),
    ],
)
async def test_whom_credentials_are_for(
    host: Host,
    set_settings: SetSettings,
    secret: None,
    receivers: list[str],
    password: str,
    expected: str | None,
) -> None:
    await set_settings(sites=[sftp(password, credentials_for=receivers)])
    for user in ("admin", "manager", "service"):
        assert CONFIGURED in (await ask(host, user))["sites"]
    if expected is None:
        assert CONFIGURED in (await ask(host, "artist"))["sites"]
    else:
        assert await refusal(host, "artist") == expected


async def test_who_has_no_access_to_the_project_gets_nothing(
    host: Host, set_settings: SetSettings, secret: None
) -> None:
    await set_settings(sites=[sftp(credentials_for=["everyone"])])
    await Postgres.execute(
        "UPDATE public.users SET data = data || $1 WHERE name = 'artist'",
        {"accessGroups": {}},
    )
    client = await host.client("artist")
    answer = await client.post(
        f"{host.addon_path}/demo/credentials", json={"siteNames": [CONFIGURED]}
    )
    assert answer.status_code == 403
    assert SECRET not in answer.text


async def test_settings_never_show_the_value(
    host: Host, set_settings: SetSettings, secret: None
) -> None:
    await set_settings(sites=[sftp()])
    client = await host.client("admin")
    answer = await client.get(f"{host.addon_path}/settings/demo")
    assert NAMED in answer.text
    assert SECRET not in answer.text


async def test_what_is_refused_says_why(host: Host, set_settings: SetSettings) -> None:
    await set_settings(sites=[sftp(), {"name": "bare"}])
    content = await ask(host, "service", CONFIGURED, "bare", "nowhere", "studio")
    codes = {each["siteName"]: each["errorCode"] for each in content["refused"]}
    assert codes == {
        CONFIGURED: "unknown_secret",
        "bare": "wrong_setting",
        "nowhere": "unknown_site",
        "studio": "unknown_site",
    }
    client = await host.client("manager")
    answer = await client.get(f"{host.addon_path}/demo/problems")
    texts = [each["text"] for each in answer.json()["problems"]]
    assert any("'vault_password'" in text for text in texts)


async def test_each_hand_out_and_refusal_is_recorded(
    host: Host,
    set_settings: SetSettings,
    secret: None,
) -> None:
    await set_settings(sites=[sftp()])
    with read_server_log() as log:
        for _ in range(2):
            await ask(host, "service", site_id=SITE)
        await refusal(host, "artist")
    manager = await host.client("manager")
    answer = await manager.get(f"{host.addon_path}/demo/credentials")
    handouts = answer.json()["handouts"]
    seen = {
        (each["userName"], each["machine"], each["outcome"], each["times"])
        for each in handouts
    }
    assert seen == {
        ("service", SITE, "handed", 2),
        ("artist", None, "not_allowed", 1),
    }
    assert {each["siteName"] for each in handouts} == {CONFIGURED}
    stored = await Postgres.fetch("SELECT * FROM public.sitesync_credential_handouts")
    assert SECRET not in str([dict(row) for row in stored])
    assert SECRET not in str(log)


async def test_the_record_is_for_managers(
    host: Host, set_settings: SetSettings
) -> None:
    client = await host.client("artist")
    answer = await client.get(f"{host.addon_path}/demo/credentials")
    assert answer.status_code == 403


async def test_artists_cannot_name_secrets_in_settings_of_their_machine(
    host: Host, set_settings: SetSettings, secret: None
) -> None:
    await set_settings(sites=[sftp("typed here", credentials_for=["everyone"])])
    await Postgres.execute(
        "INSERT INTO public.sites (id, data) VALUES ($1, $2)",
        SITE,
        {"users": ["artist"]},
    )
    await store_own_settings(host, sites=[sftp(credentials_for=["everyone"])])
    assert await refusal(host, "artist", site_id=SITE) == "secret_not_allowed"


async def test_who_names_anothers_machine_is_handed_nothing(
    host: Host, set_settings: SetSettings, secret: None
) -> None:
    """What he has no part in is no machine of his agent; the record would lie."""
    await set_settings(sites=[sftp(credentials_for=["everyone"])])
    await own_machine("artist")
    for user in ("artist", "manager", "service"):
        assert CONFIGURED in (await ask(host, user, site_id=SITE))["sites"], user
    assert await refusal(host, "restricted", site_id=SITE) == "not_allowed"
    handouts = (
        await (await host.client("manager")).get(f"{host.addon_path}/demo/credentials")
    ).json()["handouts"]
    assert ("restricted", SITE, "not_allowed") in {
        (each["userName"], each["machine"], each["outcome"]) for each in handouts
    }
    for machine in (None, "quiet-grey-owl"):
        handed = await ask(host, "restricted", site_id=machine)
        assert CONFIGURED in handed["sites"], machine
    await own_machine("restricted")
    assert CONFIGURED in (await ask(host, "restricted", site_id=SITE))["sites"]


async def test_sites_of_anothers_machine_are_unknown(
    host: Host, set_settings: SetSettings
) -> None:
    await set_settings(sites=[])
    await store_own_settings(host, sites=[sftp("typed here")])
    assert CONFIGURED in (await ask(host, "artist", site_id=SITE))["sites"]
    for user in ("restricted", "manager", "service"):
        assert await refusal(host, user, site_id=SITE) == "unknown_site", user


@pytest.mark.parametrize(
    ("name", "expected"),
    [("ftrack_key", "secret_not_allowed"), ("sitesync_vault", None)],
)
async def test_projects_name_secrets_of_ours_only(
    host: Host, set_settings: SetSettings, name: str, expected: str | None
) -> None:
    await add_secret(name, SECRET)
    await set_project(host, sites=[sftp(f"{{secret:{name}}}")])
    if expected is None:
        handed = (await ask(host, "service"))["sites"][CONFIGURED]
        assert handed["settings"]["sftp_pass"] == SECRET
    else:
        assert await refusal(host, "service") == expected


async def test_a_program_that_only_the_project_names_is_not_handed_out(
    host: Host, set_settings: SetSettings
) -> None:
    s3 = {"bucket": "b", "rclone_executable_path": {"linux": "/tmp/evil"}}
    await set_project(host, sites=[{"name": CONFIGURED, "provider": "s3", "s3": s3}])
    assert await refusal(host, "service") == "wrong_setting"


async def test_free_form_settings_are_filled_in_within_their_json(
    host: Host, set_settings: SetSettings
) -> None:
    value = 'quote " and \\ and {brace}'
    await add_secret("vault_password", value)
    custom = {
        "code": "tape",
        "settings": '{"login": {"keys": ["{secret:vault_password}"]}, "n": 1}',
    }
    site = {"name": CONFIGURED, "provider": "custom", "custom": custom}
    await set_settings(sites=[site])
    handed = (await ask(host, "service"))["sites"][CONFIGURED]
    content = httpx.Response(200, text=handed["settings"]["settings"]).json()
    assert content == {"login": {"keys": [value]}, "n": 1}
    assert handed["settings"]["code"] == "tape"
