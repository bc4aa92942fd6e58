"""All commands, in the order of the help."""

from __future__ import annotations

from .agent_command import AGENT
from .clean_command import CLEAN
from .doctor_command import DOCTOR
from .plan_command import PLAN
from .queue_command import EXPLAIN, QUEUE
from .scan_command import SCAN, VERIFY
from .status_command import STATUS
from .verb_commands import VERBS
from .wait_command import WAIT

COMMANDS = (
    AGENT,
    STATUS,
    PLAN,
    QUEUE,
    EXPLAIN,
    WAIT,
    *VERBS,
    SCAN,
    VERIFY,
    CLEAN,
    DOCTOR,
)
