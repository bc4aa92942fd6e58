name = "sitesync"
title = "Site Sync"
version = "1.3.0"
