/** A window inside a frame; the test plays the page around it. */
export class FakePage extends EventTarget {
  readonly asked: unknown[] = [];
  readonly parent = {
    postMessage: (message: unknown) => this.asked.push(message),
  };
  readonly location = window.location;
  readonly localStorage = window.localStorage;
  readonly setTimeout = window.setTimeout.bind(window);
  readonly clearTimeout = window.clearTimeout.bind(window);

  get asWindow(): Window {
    return this as unknown as Window;
  }

  /** The page around it says something; origin and source as given. */
  say(data: unknown, from: { origin?: string; source?: unknown } = {}): void {
    const event = new Event("message");
    Object.assign(event, {
      data,
      origin: this.location.origin,
      source: this.parent,
      ...from,
    });
    this.dispatchEvent(event);
  }
}

export function makeHostMessage(part: Record<string, unknown> = {}) {
  return {
    scope: "project",
    accessToken: "token-of-the-artist",
    context: { projectName: "demo", focused: { folders: [] } },
    userName: "artist",
    projectName: "demo",
    addonName: "sitesync",
    addonVersion: "2.0.0",
    ...part,
  };
}
