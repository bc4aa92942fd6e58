"""Stands in for the existing addon: its table, made at each request, and its POST."""

from typing import Any

from ayon_server.addons import BaseServerAddon
from ayon_server.api.dependencies import CurrentUser, ProjectName
from ayon_server.lib.postgres import Postgres
from ayon_server.settings import BaseSettingsModel, SettingsField

TABLE = (
    """CREATE TABLE IF NOT EXISTS {schema}.sitesync_files_status (
        representation_id UUID NOT NULL REFERENCES {schema}.representations(id),
        site_name VARCHAR NOT NULL,
        status INTEGER NOT NULL DEFAULT -1,
        priority INTEGER NOT NULL DEFAULT 50,
        data JSONB NOT NULL DEFAULT '{{}}'::JSONB,
        PRIMARY KEY (representation_id, site_name))""",
    "CREATE INDEX IF NOT EXISTS file_status_idx "
    "ON {schema}.sitesync_files_status (status)",
    "CREATE INDEX IF NOT EXISTS file_priority_idx "
    "ON {schema}.sitesync_files_status (priority desc)",
)


class EarlierSettings(BaseSettingsModel):
    enabled: bool = SettingsField(False, title="Enabled")


class EarlierSiteSync(BaseServerAddon):
    settings_model = EarlierSettings

    def initialize(self) -> None:
        path = "{project_name}/state/{representation_id}/{site_name}"
        self.add_endpoint(path, self.post_state, method="POST")

    async def post_state(
        self,
        project_name: ProjectName,
        user: CurrentUser,
        representation_id: str,
        site_name: str,
        post_data: dict[str, Any],
    ) -> None:
        """Make or replace a row: all files in the status of the first."""
        schema = f"project_{project_name.lower()}"
        for statement in TABLE:
            await Postgres.execute(statement.format(schema=schema))
        files = {file["id"]: file for file in post_data["files"]}
        await Postgres.execute(
            f"INSERT INTO {schema}.sitesync_files_status "
            "(representation_id, site_name, status, priority, data) "
            "VALUES ($1, $2, $3, 50, $4) ON CONFLICT (representation_id, site_name) "
            "DO UPDATE SET status = EXCLUDED.status, data = EXCLUDED.data",
            representation_id,
            site_name,
            post_data["files"][0]["status"],
            {"files": files},
        )
