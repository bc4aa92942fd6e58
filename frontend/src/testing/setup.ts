import { cleanup, configure } from "@testing-library/react";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";

import { FakeSocket } from "./fake-socket";
import { server } from "./server";

// Machines that run other things too take their time.
configure({ asyncUtilTimeout: 5000 });

beforeAll(() => {
  server.listen({ onUnhandledRequest: "error" });
  // jsdom lays nothing out: the table thinks it has a window of this size.
  Object.defineProperties(Element.prototype, {
    clientHeight: { configurable: true, value: 600 },
    clientWidth: { configurable: true, value: 1200 },
    scrollHeight: { configurable: true, value: 100_000 },
  });
  Element.prototype.scrollTo = function scrollTo(
    this: Element,
    to?: ScrollToOptions | number,
  ) {
    this.scrollTop = typeof to === "object" ? (to.top ?? 0) : 0;
    this.dispatchEvent(new Event("scroll"));
  };
});

beforeEach(() => {
  FakeSocket.install();
});

afterEach(() => {
  cleanup();
  server.resetHandlers();
  window.localStorage.clear();
  window.history.replaceState(null, "", window.location.pathname);
});

afterAll(() => {
  server.close();
});
