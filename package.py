name = "sitesync"
title = "Site Sync"
version = "2.0.0-dev"
client_dir = "ayon_sitesync"

ayon_server_version = ">=1.10.0"
ayon_launcher_version = ">=1.0.2"
ayon_required_addons: dict[str, str] = {}
ayon_compatible_addons = {"core": ">=0.3.0", "applications": ">=0.2.0"}
