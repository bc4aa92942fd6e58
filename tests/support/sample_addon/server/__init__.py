"""A small addon for tests of the devhost itself."""

from ayon_server.addons import BaseServerAddon
from ayon_server.api.dependencies import ClientSiteID, CurrentUser, ProjectName
from ayon_server.events import EventModel, EventStream
from ayon_server.exceptions import ConflictException
from ayon_server.lib.postgres import Postgres
from ayon_server.settings import BaseSettingsModel, SettingsField
from fastapi import APIRouter


class LimitsModel(BaseSettingsModel):
    parallel: int = SettingsField(4, ge=1, title="Parallel transfers")
    label: str = SettingsField("", title="Label", scope=["studio", "project", "site"])


class SampleSettings(BaseSettingsModel):
    enabled: bool = SettingsField(True, title="Enabled")
    limits: LimitsModel = SettingsField(default_factory=LimitsModel)
    names: list[str] = SettingsField(default_factory=list)


class SampleSiteSettings(BaseSettingsModel):
    folder: str = SettingsField("", title="Folder")


class SampleAddon(BaseServerAddon):
    settings_model = SampleSettings
    site_settings_model = SampleSiteSettings

    def initialize(self) -> None:
        self.seen: list[EventModel] = []
        self.is_set_up = False
        router = APIRouter()
        router.add_api_route("/{project_name}/whoami", self.whoami, methods=["GET"])
        router.add_api_route("/conflict", self.conflict, methods=["GET"])
        router.add_api_route("/duplicate", self.duplicate, methods=["GET"])
        router.add_api_route("/number", self.number, methods=["GET"])
        self.add_router(router)
        self.add_endpoint("hello", self.hello, method="GET")

    async def setup(self) -> None:
        self.is_set_up = await self.is_production()
        EventStream.subscribe("entity.*", self.remember)

    async def remember(self, event: EventModel) -> None:
        self.seen.append(event)

    async def hello(self, user: CurrentUser) -> dict[str, str]:
        return {"user": user.name}

    async def whoami(
        self, user: CurrentUser, project_name: ProjectName, site_id: ClientSiteID
    ) -> dict[str, str | None]:
        return {"user": user.name, "project": project_name, "site": site_id}

    async def conflict(self) -> None:
        raise ConflictException("Site is taken", errorCode="site_id_in_use")

    async def duplicate(self) -> None:
        await Postgres.execute("INSERT INTO public.users (name) VALUES ('admin')")

    async def number(self, value: int) -> int:
        return value
