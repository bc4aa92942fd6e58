"""All commands, in the order of the help."""

from __future__ import annotations

from .agent_command import AGENT
from .queue_command import EXPLAIN, QUEUE
from .status_command import STATUS
from .verb_commands import VERBS

COMMANDS = (AGENT, STATUS, QUEUE, EXPLAIN, *VERBS)
