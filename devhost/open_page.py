"""The page that frames the panel as AYON's web interface does."""

import json
import re
from pathlib import Path
from string import Template

from ayon_server.auth.session import Session
from ayon_server.exceptions import ForbiddenException
from ayon_server.types import PROJECT_NAME_REGEX
from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, RedirectResponse

from devhost.authentication import create_key_session

router = APIRouter(include_in_schema=False)

_OPEN = Template((Path(__file__).parent / "pages" / "open.html").read_text())
_FRAME = Template((Path(__file__).parent / "pages" / "frame.html").read_text())
_TOKEN_LENGTH = 64


@router.get("/devhost/open")
async def open_panel(
    token: str, project: str | None = Query(None, pattern=PROJECT_NAME_REGEX)
) -> HTMLResponse:
    """Log the browser in with a session token or an API key, then show the panel.

    The panel of a project, or else that of the studio's settings. AYON's interface
    knows session tokens only, so a key is exchanged for one.
    """
    if len(token) != _TOKEN_LENGTH or not re.fullmatch(r"[0-9a-f]+", token):
        session = await create_key_session(token)
        token = await _create_session(session.user_name)
    elif await Session.check(token, None) is None:
        raise ForbiddenException("The token is of no live session")
    page = "/settings" if project is None else f"/projects/{project}"
    return HTMLResponse(
        _OPEN.substitute(
            token=json.dumps(token), page=json.dumps(f"{page}/addon/sitesync")
        )
    )


async def _create_session(user_name: str) -> str:
    from ayon_server.entities import UserEntity  # noqa: PLC0415

    session = await Session.create(await UserEntity.load(user_name))
    return session.token


@router.get("/projects/{project_name}/addon/{addon_name}")
async def frame_addon(project_name: str, addon_name: str) -> HTMLResponse:
    """The project page with the addon's tab open."""
    return _frame(addon_name, project_name)


@router.get("/settings/addon/{addon_name}")
async def frame_addon_settings(addon_name: str) -> HTMLResponse:
    """The settings page with the addon's tab open: about all projects."""
    return _frame(addon_name, None)


def _frame(addon_name: str, project_name: str | None) -> HTMLResponse:
    return HTMLResponse(
        _FRAME.substitute(
            project=json.dumps(project_name), addon=json.dumps(addon_name)
        )
    )


@router.get("/projects/{project_name}")
async def redirect_to_panel(project_name: str) -> RedirectResponse:
    return RedirectResponse(f"/projects/{project_name}/addon/sitesync")
