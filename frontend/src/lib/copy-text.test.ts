import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { copyText } from "./copy-text";

/** What the page had selected when it was told to copy. */
let copied: string[];

function allowCommand(isAllowed: boolean): void {
  const copySelection = () => {
    if (isAllowed && document.activeElement instanceof HTMLTextAreaElement) {
      copied.push(document.activeElement.value);
    }
    return isAllowed;
  };
  Object.defineProperty(document, "execCommand", {
    configurable: true,
    value: copySelection,
  });
}

function giveClipboard(writeText: ((text: string) => Promise<void>) | null): void {
  const value = writeText === null ? undefined : { writeText };
  Object.defineProperty(navigator, "clipboard", { configurable: true, value });
}

describe("text is copied", () => {
  beforeEach(() => {
    copied = [];
  });

  afterEach(() => {
    Reflect.deleteProperty(navigator, "clipboard");
    Reflect.deleteProperty(document, "execCommand");
  });

  it("by the clipboard where the page has one", async () => {
    const writeText = vi.fn<(text: string) => Promise<void>>().mockResolvedValue();
    giveClipboard(writeText);
    allowCommand(true);
    await copyText("a path");
    expect(writeText).toHaveBeenCalledWith("a path");
    expect(copied).toEqual([]);
  });

  it("over plain http too, and leaves the page and its focus as they were", async () => {
    giveClipboard(null);
    allowCommand(true);
    const button = document.body.appendChild(document.createElement("button"));
    button.focus();
    await copyText("a path");
    expect(copied).toEqual(["a path"]);
    expect(document.activeElement).toBe(button);
    expect(document.querySelector("textarea")).toBeNull();
    button.remove();
  });

  it("in a frame that may not use the clipboard", async () => {
    giveClipboard(() => Promise.reject(new Error("not allowed")));
    allowCommand(true);
    await copyText("a path");
    expect(copied).toEqual(["a path"]);
  });

  it("or who asked is told", async () => {
    giveClipboard(null);
    allowCommand(false);
    await expect(copyText("a path")).rejects.toThrow("does not let the page copy");
    expect(document.querySelector("textarea")).toBeNull();
  });
});
