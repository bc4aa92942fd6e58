"""How much agents may do at a site, and when.

0 means "no limit". Nothing here is refused when it is stored: what makes no sense is
shown as a problem of its site, and does not count.
"""

from __future__ import annotations

from ..host import BaseSettingsModel, SettingsField

WEEKDAYS = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}


def list_weekdays() -> list[dict[str, str]]:
    return [{"value": code, "label": label} for code, label in WEEKDAYS.items()]


class TimeWindowSettings(BaseSettingsModel):
    """A part of the week with a limit of its own; of several the first one counts.

    Times are those of the agent's machine. A window that ends before it starts goes on
    over midnight, and belongs to the day on which it starts.
    """

    _layout: str = "expanded"

    days: list[str] = SettingsField(
        default_factory=list,
        title="Days",
        enum_resolver=list_weekdays,
        description="None chosen means every day",
    )
    start: str = SettingsField(
        "08:00", title="From", example="08:00", description="Hours and minutes, HH:MM"
    )
    end: str = SettingsField(
        "18:00",
        title="To",
        example="18:00",
        description="24:00 is the end of the day; the same as 'From' is a whole day",
    )
    paused: bool = SettingsField(
        False, title="Paused", description="Nothing is moved from or to the site"
    )
    bandwidth_mb_s: float = SettingsField(
        0.0,
        title="Bandwidth (MB/s)",
        description="Instead of the limit outside of windows; 0 means no limit",
    )


class LimitSettings(BaseSettingsModel):
    """Limits of one site, kept by each agent on its own."""

    parallel_transfers: int = SettingsField(
        0,
        title="Parallel transfers",
        description=(
            "How many files an agent moves from or to the site at once; 0 leaves it to "
            "the agent"
        ),
    )
    bandwidth_mb_s: float = SettingsField(
        0.0,
        title="Bandwidth (MB/s)",
        description="Of one agent, from and to the site together; 0 means no limit",
    )
    free_space_floor_gb: float = SettingsField(
        0.0,
        title="Free space to keep (GB)",
        description="Nothing is brought to the site when less would be left",
    )
    timetable: list[TimeWindowSettings] = SettingsField(
        default_factory=list, title="Timetable"
    )
