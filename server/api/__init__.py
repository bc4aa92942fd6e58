"""REST: builds the stores and the routers."""

from __future__ import annotations

from fastapi import APIRouter

from ..gql.schema import GraphQLService
from ..host import BaseServerAddon
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
from .activity import ActivityRoutes
from .availability import AvailabilityRoutes
from .configuration import Configuration
from .credentials import CredentialRoutes
from .graph import GraphRoutes
from .graph_backend import Endpoints, build_backend
from .live import LiveUpdates
from .machines import MachineRoutes
from .pauses import PauseRoutes
from .presence import PresenceRoutes
from .problems import ProblemRoutes
from .services import Services
from .state import StateRoutes
from .state_batches import StateBatchRoutes
from .summary import SummaryRoutes
from .tombstones import TombstoneRoutes
from .transfers import TransferRoutes
from .verbs import VerbRoutes
from .waiting import WaitRoutes


def build_services(addon: BaseServerAddon) -> Services:
    configuration = Configuration(addon)
    pauses, agents, totals = PauseStore(), AgentStore(), TotalsStore()
    notices = Notices()
    machines = MachineStore(configuration.is_shared_anywhere)
    return Services(
        configuration=configuration,
        keeper=SchemaKeeper(configuration.addon_version),
        live=LiveUpdates(notices),
        notices=notices,
        states=SiteStateStore(machines),
        summary=SummaryStore(totals),
        totals=totals,
        representations=RepresentationList(),
        list_totals=ListTotals(totals),
        availability=AvailabilityStore(),
        queue=TransferQueue(),
        reports=ReportStore(configuration.for_project, pauses.load),
        agents=agents,
        verbs=VerbStore(),
        jobs=JobStore(),
        pauses=pauses,
        activity=ActivityStore(),
        explain=ExplainStore(agents),
        machines=machines,
        removals=RemovalStore(),
        removal_reports=RemovalReportStore(configuration.for_project, pauses.load),
        scans=ScanStore(),
        presence=PresenceStore(),
        problems=ProblemStore(),
        credentials=CredentialStore(),
    )


def build_routers(services: Services) -> list[APIRouter]:
    endpoints = Endpoints(
        activity=ActivityRoutes(services),
        problems=ProblemRoutes(services),
        summary=SummaryRoutes(services),
        verbs=VerbRoutes(services),
        pauses=PauseRoutes(services),
    )
    graph = GraphQLService(build_backend(services, endpoints))
    return [
        TransferRoutes(services).router,
        StateRoutes(services).router,
        endpoints.summary.router,
        AvailabilityRoutes(services).router,
        GraphRoutes(graph.execute).router,
        endpoints.verbs.router,
        endpoints.pauses.router,
        StateBatchRoutes(services).router,
        PresenceRoutes(services).router,
        endpoints.activity.router,
        MachineRoutes(services).router,
        TombstoneRoutes(services).router,
        endpoints.problems.router,
        CredentialRoutes(services).router,
        WaitRoutes(services).router,
    ]
