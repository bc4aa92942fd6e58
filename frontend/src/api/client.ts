import { type AddonLocation, toAddonApiBase } from "./addon-location";

/** An answer that is no success. `detail` is the server's own sentence. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly detail: string;
  readonly errorCode: string | null;

  constructor(status: number, detail: string, errorCode: string | null) {
    super(detail);
    this.status = status;
    this.detail = detail;
    this.errorCode = errorCode;
  }

  /** The same request would fail again: the request or its sender is refused. */
  get isFinal(): boolean {
    return this.status >= 400 && this.status < 500 && this.status !== 429;
  }
}

/** The server could not be reached, or the answer was cut. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}

export type ApiClientOptions = {
  location: AddonLocation;
  /** Read at each request: the host page may hand over a newer token. */
  getToken: () => string | null;
  /** The host page's sender id, so that it ignores the echo of our own writes. */
  senderId: string | null;
  /** Called with the token that the server refused. */
  onUnauthorized: (token: string | null) => void;
};

export type RequestOptions = { signal?: AbortSignal | undefined };

export class ApiClient {
  readonly location: AddonLocation;
  readonly #options: ApiClientOptions;

  constructor(options: ApiClientOptions) {
    this.location = options.location;
    this.#options = options;
  }

  getToken(): string | null {
    return this.#options.getToken();
  }

  /** `path` is below the addon's API, as `/demo/sites`. */
  getAddon<T>(path: string, options?: RequestOptions): Promise<T> {
    return this.#request<T>(toAddonApiBase(this.location) + path, {
      method: "GET",
      ...options,
    });
  }

  postAddon<T>(path: string, body: unknown, options?: RequestOptions): Promise<T> {
    return this.#request<T>(toAddonApiBase(this.location) + path, {
      method: "POST",
      body: JSON.stringify(body),
      ...options,
    });
  }

  /** `path` is below the server's own API, as `/projects`. */
  getServer<T>(path: string, options?: RequestOptions): Promise<T> {
    return this.#request<T>(`${this.location.serverBase}/api${path}`, {
      method: "GET",
      ...options,
    });
  }

  async #request<T>(
    path: string,
    init: { method: string; body?: string } & RequestOptions,
  ): Promise<T> {
    const token = this.#options.getToken();
    const headers = new Headers({ Accept: "application/json" });
    if (token !== null) headers.set("Authorization", `Bearer ${token}`);
    if (this.#options.senderId !== null) {
      headers.set("X-Sender", this.#options.senderId);
    }
    if (init.body !== undefined) headers.set("Content-Type", "application/json");
    const { signal, ...rest } = init;
    let response: Response;
    try {
      response = await fetch(path, {
        ...rest,
        headers,
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      if (signal?.aborted === true) throw error;
      throw new ConnectionError("The server does not answer.", { cause: error });
    }
    if (response.status === 401) this.#options.onUnauthorized(token);
    if (!response.ok) throw await readError(response);
    if (response.status === 204) return undefined as T;
    return (await response.json()) as T;
  }
}

/** Proxies answer with pages of their own: then the status has to do. */
async function readError(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  const fields = typeof body === "object" && body !== null ? body : {};
  const detail =
    "detail" in fields && typeof fields.detail === "string"
      ? fields.detail
      : `The server answered ${response.status} ${response.statusText}`.trim();
  const errorCode =
    "errorCode" in fields && typeof fields.errorCode === "string"
      ? fields.errorCode
      : null;
  return new ApiError(response.status, detail, errorCode);
}
