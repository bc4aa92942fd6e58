import { cleanup, configure } from "@testing-library/react";
import { afterAll, afterEach, beforeAll, beforeEach, vi } from "vitest";

import { FakeSocket } from "./fake-socket";
import { server } from "./server";

// Machines that run other things too take their time.
configure({ asyncUtilTimeout: 5000 });

beforeAll(() => {
  server.listen({ onUnhandledRequest: "error" });
  // jsdom lays nothing out: the table thinks it has a window of this size.
  Object.defineProperties(HTMLElement.prototype, {
    clientHeight: { configurable: true, value: 600 },
    clientWidth: { configurable: true, value: 1200 },
  });
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe(): void {
        // Nothing is ever resized.
      }
      disconnect(): void {
        // Nothing was observed.
      }
    },
  );
  // jsdom knows the element but not how it is opened.
  HTMLDialogElement.prototype.showModal = function showModal(): void {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function close(): void {
    this.open = false;
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
