/**
 * Every event of ours and what it carries: the one list of them. Adding a topic
 * does not compile until it has a reader here and a handler where it is used.
 * Events are hints: ids and counters, no truth. What they name is read by REST.
 */
export type EventMap = {
  "sitesync.state": StateChange;
  "sitesync.agents": AgentsChange;
  /** Something was paused or goes on. */
  "sitesync.pauses": Record<string, never>;
};

export type StateChange = {
  representationIds: readonly string[];
  siteNames: readonly string[];
  /** More changed than the event could name. */
  overflow: boolean;
};

export type AgentsChange = { siteNames: readonly string[] };

export type EventTopic = keyof EventMap;

export type EventHandlers = {
  [Topic in EventTopic]: (payload: EventMap[Topic]) => void;
};

/** The server matches topics by prefix, so one word subscribes to all of ours. */
export const TOPIC_PREFIX = "sitesync.";

type EventReaders = {
  [Topic in EventTopic]: (summary: unknown) => EventMap[Topic];
};

const READERS: EventReaders = {
  "sitesync.state": (summary) => {
    const representationIds = readStrings(summary, "representationIds");
    return {
      representationIds: representationIds ?? [],
      siteNames: readStrings(summary, "siteNames") ?? [],
      // A summary that names nothing readable can only mean "something".
      overflow: representationIds === null || readField(summary, "overflow") === true,
    };
  },
  "sitesync.agents": (summary) => ({
    siteNames: readStrings(summary, "siteNames") ?? [],
  }),
  "sitesync.pauses": () => ({}),
};

export function dispatchEvent(
  topic: string,
  summary: unknown,
  handlers: EventHandlers,
): void {
  if (isTopic(topic)) callHandler(topic, summary, handlers);
}

function callHandler<Topic extends EventTopic>(
  topic: Topic,
  summary: unknown,
  handlers: Pick<EventHandlers, Topic>,
): void {
  handlers[topic](READERS[topic](summary));
}

function isTopic(topic: string): topic is EventTopic {
  return Object.hasOwn(READERS, topic);
}

export function readField(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function readStrings(summary: unknown, name: string): readonly string[] | null {
  const value = readField(summary, name);
  return Array.isArray(value) && value.every((item) => typeof item === "string")
    ? value
    : null;
}
