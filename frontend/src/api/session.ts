import { type HostContext, parseHostMessage } from "./host-message";

/**
 * Who looks at the panel and at what.
 * `waiting`: framed, and the host page has not answered yet.
 * `loggedOut`: no token, or the server refused the one there is.
 * `ready`: framed (`host` is what the page said) or alone (`host` is null).
 */
export type Session =
  | { state: "waiting" }
  | { state: "loggedOut" }
  | { state: "ready"; token: string; host: HostContext | null };

/** AYON's web UI keeps the token of the logged-in user under this key. */
const TOKEN_KEY = "accessToken";
const ASK_EVERY_MS = 500;
/** A page that has not answered by then is no AYON page: the panel goes alone. */
const ASK_TIMES = 6;

export class SessionStore {
  readonly #page: Window;
  readonly #listeners = new Set<() => void>();
  #session: Session;
  #refusedToken: string | null = null;
  #asked = 0;
  #timer: number | undefined;

  constructor(page: Window) {
    this.#page = page;
    this.#session = this.#isFramed ? { state: "waiting" } : this.#readAlone();
  }

  readonly getSnapshot = (): Session => this.#session;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  getToken(): string | null {
    return this.#session.state === "ready" ? this.#session.token : null;
  }

  start(): () => void {
    this.#page.addEventListener("message", this.#onMessage);
    this.#page.addEventListener("storage", this.#onStorage);
    if (this.#isFramed) this.#ask();
    return () => {
      this.#page.removeEventListener("message", this.#onMessage);
      this.#page.removeEventListener("storage", this.#onStorage);
      this.#page.clearTimeout(this.#timer);
    };
  }

  /** The server refused this token; a newer one may already be in use. */
  refuse(token: string | null): void {
    if (token !== this.getToken()) return;
    this.#refusedToken = token;
    this.#set({ state: "loggedOut" });
    if (this.#isFramed) this.#restartAsking();
  }

  get #isFramed(): boolean {
    return this.#page.parent !== this.#page;
  }

  #restartAsking(): void {
    this.#asked = 0;
    this.#page.clearTimeout(this.#timer);
    this.#ask();
  }

  /** The host may load its listener after us, so one question is not enough. */
  #ask(): void {
    if (this.#asked >= ASK_TIMES) {
      if (this.#session.state === "waiting") this.#set(this.#readAlone());
      return;
    }
    this.#asked += 1;
    this.#page.parent.postMessage(
      { action: "request_context" },
      this.#page.location.origin,
    );
    this.#timer = this.#page.setTimeout(() => {
      this.#ask();
    }, ASK_EVERY_MS);
  }

  readonly #onMessage = (event: MessageEvent<unknown>): void => {
    if (event.origin !== this.#page.location.origin) return;
    if (event.source !== this.#page.parent) return;
    const host = parseHostMessage(event.data);
    if (host === null || host.token === this.#refusedToken) return;
    this.#page.clearTimeout(this.#timer);
    this.#set({ state: "ready", token: host.token, host });
  };

  /** Another tab logged in or out. */
  readonly #onStorage = (event: StorageEvent): void => {
    if (event.key !== TOKEN_KEY && event.key !== null) return;
    if (this.#session.state === "ready" && this.#session.host !== null) return;
    if (this.#session.state === "waiting") return;
    this.#set(this.#readAlone());
  };

  #readAlone(): Session {
    const token = this.#page.localStorage.getItem(TOKEN_KEY);
    if (token === null || token === "" || token === this.#refusedToken) {
      return { state: "loggedOut" };
    }
    return { state: "ready", token, host: null };
  }

  #set(session: Session): void {
    this.#session = session;
    for (const listener of this.#listeners) listener();
  }
}
