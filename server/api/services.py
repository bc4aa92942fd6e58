"""What the endpoints work with, built once per addon version and process."""

from __future__ import annotations

from dataclasses import dataclass

from ..store.activity import ActivityStore
from ..store.agents import AgentStore
from ..store.availability import AvailabilityStore
from ..store.credentials import CredentialStore
from ..store.explain import ExplainStore
from ..store.jobs import JobStore
from ..store.list_totals import ListTotals
from ..store.machines import MachineStore
from ..store.notices import Notices
from ..store.pauses import PauseStore
from ..store.presence import PresenceStore
from ..store.problems import ProblemStore
from ..store.removal_reports import RemovalReportStore
from ..store.removals import RemovalStore
from ..store.reports import ReportStore
from ..store.representation_list import RepresentationList
from ..store.scans import ScanStore
from ..store.schema import SchemaKeeper
from ..store.site_state import SiteStateStore
from ..store.summary import SummaryStore
from ..store.totals import TotalsStore
from ..store.transfer_queue import TransferQueue
from ..store.verbs import VerbStore
from .configuration import Configuration
from .live import LiveUpdates


@dataclass(frozen=True)
class Services:
    configuration: Configuration
    keeper: SchemaKeeper
    live: LiveUpdates
    notices: Notices
    states: SiteStateStore
    summary: SummaryStore
    totals: TotalsStore
    representations: RepresentationList
    list_totals: ListTotals
    availability: AvailabilityStore
    queue: TransferQueue
    reports: ReportStore
    agents: AgentStore
    verbs: VerbStore
    jobs: JobStore
    pauses: PauseStore
    activity: ActivityStore
    explain: ExplainStore
    machines: MachineStore
    removals: RemovalStore
    removal_reports: RemovalReportStore
    scans: ScanStore
    presence: PresenceStore
    problems: ProblemStore
    credentials: CredentialStore
