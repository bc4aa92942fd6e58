"""Events: stored rows, websocket messages and hooks."""

from ayon_server.events.base import EventModel, EventStatus, HandlerType
from ayon_server.events.eventstream import EventStream

__all__ = ["EventModel", "EventStatus", "EventStream", "HandlerType"]
