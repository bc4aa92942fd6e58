import { dispatchEvent, type EventHandlers, readField, TOPIC_PREFIX } from "./event-map";

/**
 * `connecting`: the first attempt. `live`: events arrive. `reconnecting`: the
 * connection was lost, another is tried. `offline`: tried for long, still trying.
 */
export type ConnectionStatus = "connecting" | "live" | "reconnecting" | "offline";

export type EventSocketOptions = {
  url: string;
  /** null: events of all projects that the user may hear of. */
  projectName: string | null;
  getToken: () => string | null;
  handlers: EventHandlers;
  onStatus: (status: ConnectionStatus) => void;
  /** Events were or may have been missed: read the state again. */
  onResync: () => void;
  /** Asks the server something small; rejects when it does not answer. */
  probe: () => Promise<unknown>;
};

/**
 * AYON sends heartbeats only while nothing at all happens on the server: what
 * others do keeps our connection silent for as long as they go on. So silence
 * is no proof; it is a reason to ask.
 */
const SILENCE_MS = 15_000;
/** So many answered questions without a word on the socket: it is replaced. */
const MOST_SILENT_PROBES = 8;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 15_000;
const OFFLINE_AFTER_RETRIES = 4;

/**
 * AYON's websocket, reconnected for as long as the panel is open. The server
 * neither confirms the login nor replays what was missed: hence the state is
 * read by REST once a connection has been shown to work, and after each loss.
 */
export class EventSocket {
  readonly #options: EventSocketOptions;
  #socket: WebSocket | null = null;
  #retries = 0;
  #silentProbes = 0;
  #isFirst = true;
  /** Something arrived on this connection, so the login was accepted. */
  #isConfirmed = false;
  /** The last connection ended before anything arrived: a refused login does. */
  #isDoubtful = false;
  #silenceTimer: ReturnType<typeof setTimeout> | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: EventSocketOptions) {
    this.#options = options;
  }

  start(): void {
    window.addEventListener("online", this.#onOnline);
    this.#options.onStatus("connecting");
    this.#connect();
  }

  stop(): void {
    window.removeEventListener("online", this.#onOnline);
    clearTimeout(this.#retryTimer);
    this.#dropSocket();
  }

  #connect(): void {
    const socket = new WebSocket(this.#options.url);
    this.#socket = socket;
    this.#isConfirmed = false;
    socket.onopen = () => {
      this.#logIn(socket);
    };
    socket.onmessage = (event) => {
      this.#onMessage(event.data);
    };
    socket.onclose = () => {
      this.#onLost();
    };
    this.#expectMessage();
  }

  #logIn(socket: WebSocket): void {
    this.#subscribe(socket);
    this.#expectMessage();
    if (this.#isDoubtful) return;
    this.#options.onStatus("live");
    // The panel's first read is under way already at the first connection.
    if (!this.#isFirst) this.#options.onResync();
  }

  #subscribe(socket: WebSocket): void {
    socket.send(
      JSON.stringify({
        topic: "auth",
        token: this.#options.getToken() ?? "",
        subscribe: [TOPIC_PREFIX],
        project: this.#options.projectName,
      }),
    );
  }

  #onMessage(data: unknown): void {
    this.#silentProbes = 0;
    this.#expectMessage();
    if (!this.#isConfirmed) this.#confirm();
    const message = parseMessage(data);
    if (message !== null) {
      dispatchEvent(message.topic, message.summary, this.#options.handlers);
    }
  }

  /** Between our login and this message events may have been missed. */
  #confirm(): void {
    this.#isConfirmed = true;
    this.#isDoubtful = false;
    this.#isFirst = false;
    this.#retries = 0;
    this.#options.onStatus("live");
    this.#options.onResync();
  }

  #expectMessage(): void {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => {
      void this.#askAfterSilence();
    }, SILENCE_MS);
  }

  /** A connection that is gone fails to take the message, or REST fails too. */
  async #askAfterSilence(): Promise<void> {
    const socket = this.#socket;
    if (socket === null) return;
    this.#silentProbes += 1;
    if (socket.readyState !== WebSocket.OPEN || this.#silentProbes > MOST_SILENT_PROBES) {
      this.#onLost();
      return;
    }
    this.#subscribe(socket);
    const isAnswered = await Promise.race([
      this.#options.probe().then(
        () => true,
        () => false,
      ),
      waitFor(SILENCE_MS),
    ]);
    if (socket !== this.#socket) return;
    if (isAnswered) this.#expectMessage();
    else this.#onLost();
  }

  #onLost(): void {
    this.#isDoubtful = !this.#isConfirmed;
    this.#isFirst = false;
    this.#silentProbes = 0;
    this.#dropSocket();
    this.#retries += 1;
    this.#options.onStatus(
      this.#retries > OFFLINE_AFTER_RETRIES || !navigator.onLine
        ? "offline"
        : "reconnecting",
    );
    const longest = Math.min(
      LONGEST_RETRY_MS,
      FIRST_RETRY_MS * 2 ** (this.#retries - 1),
    );
    clearTimeout(this.#retryTimer);
    // Jitter: a restarted server is not met by all panels at one moment.
    this.#retryTimer = setTimeout(
      () => {
        this.#connect();
      },
      longest * (0.5 + Math.random() / 2),
    );
  }

  readonly #onOnline = (): void => {
    if (this.#socket !== null) return;
    clearTimeout(this.#retryTimer);
    this.#connect();
  };

  #dropSocket(): void {
    clearTimeout(this.#silenceTimer);
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    socket.onopen = null;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }
}

async function waitFor(milliseconds: number): Promise<false> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  return false;
}

function parseMessage(data: unknown): { topic: string; summary: unknown } | null {
  if (typeof data !== "string") return null;
  let message: unknown;
  try {
    message = JSON.parse(data);
  } catch {
    return null;
  }
  const topic = readField(message, "topic");
  return typeof topic === "string"
    ? { topic, summary: readField(message, "summary") }
    : null;
}
