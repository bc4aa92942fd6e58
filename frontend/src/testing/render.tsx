import { render } from "@testing-library/react";
import userEvent from "@testing-library/user-event";

import { SessionStore } from "../api/session";
import { App } from "../app";
import { TOKEN } from "./server";

/** The panel as it opens alone, logged in unless said otherwise. */
export function renderPanel({
  hash = "",
  token = TOKEN,
  page = window,
}: { hash?: string; token?: string | null; page?: Window } = {}) {
  if (token !== null) window.localStorage.setItem("accessToken", token);
  window.history.replaceState(null, "", window.location.pathname + hash);
  const sessions = new SessionStore(page);
  return { user: userEvent.setup(), sessions, ...render(<App sessions={sessions} />) };
}
