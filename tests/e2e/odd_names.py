"""A project whose names are as long, as many and as foreign as names get."""

from __future__ import annotations

from devhost.process import DevhostProcess
from tests.e2e.panel_project import (
    FAILED,
    QUEUED,
    SYNCED,
    PanelProject,
    PublishedRepresentation,
)

LONG = "a_name_that_somebody_gave_who_did_not_know_that_others_have_to_read_it"
SITES = (
    ("nearline", "local_drive"),
    (f"storage-of-{'the-second-building-' * 4}north", "local_drive"),
    *((f"site-{number:02}", "sftp") for number in range(3, 10)),
)
PROVIDER_SETTINGS = {"sftp": {"sftp_host": "sftp.example"}}
FRAMES = 1000
# AYON takes ASCII for its entities; files may be called as people like.
NAMES = (
    ("assets/costume", "modelMain", "ma", "主人公の衣装、最終版"),
    ("assets/figure", "modelHead", "abc", "דמות_ראשית"),
    ("assets/figure", "modelBody", "usd", "الشخصية_الرئيسية"),
    ("assets/fox", "lookMain", "exr", "Füchslein größer als sein Bau 🦊"),
    (f"shots/{LONG}/{LONG}", f"render{LONG.title()}", "exr", f"{LONG}_{LONG}"),
)
MESSAGES = (
    "ディスクに空き容量がありません",
    "אין מקום פנוי בדיסק",
    f"No space left on /mnt/{LONG}/{LONG}/{LONG}",
)


def create_odd_names(devhost: DevhostProcess) -> PanelProject:
    """Ten sites, a sequence of 1,000 files that failed, file names of four scripts."""
    project = PanelProject(devhost, "odd_names")
    project.create(SITES, PROVIDER_SETTINGS)
    sequence = project.publish("shots/sequence", "beauty", FRAMES)
    project.post_state(sequence, SITES[2][0], FAILED, MESSAGES[0])
    for position, (folder, product, name, stem) in enumerate(NAMES):
        published = project.publish(folder, product, 3, name, position + 1, stem)
        _spread(project, published, position)
    return project


def _spread(
    project: PanelProject, published: PublishedRepresentation, position: int
) -> None:
    statuses = (SYNCED, QUEUED, FAILED)
    for number, (site, _) in enumerate(SITES):
        status = statuses[(number + position) % len(statuses)]
        project.post_state(published, site, status, MESSAGES[number % len(MESSAGES)])
