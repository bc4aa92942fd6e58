import { describe, expect, it } from "vitest";

import { findTargetRow } from "./row-keys";

describe("the keyboard", () => {
  it.each([
    ["ArrowDown", -1, 0],
    ["ArrowDown", 4, 5],
    ["ArrowDown", 99, 99],
    ["ArrowUp", -1, 0],
    ["ArrowUp", 4, 3],
    ["ArrowUp", 0, 0],
    ["PageDown", 4, 24],
    ["PageDown", 90, 99],
    ["PageUp", 4, 0],
    ["PageUp", 50, 30],
    ["Home", 50, 0],
    ["End", 50, 99],
  ])("%s leads from row %i to row %i", (key, from, to) => {
    expect(findTargetRow(key, from, 100, 20)).toBe(to);
  });

  it.each(["a", "Tab", "ArrowLeft", "constructor"])("%s is not for rows", (key) => {
    expect(findTargetRow(key, 3, 100, 20)).toBeNull();
  });

  it("leads nowhere in an empty list", () => {
    expect(findTargetRow("Home", -1, 0, 20)).toBeNull();
  });
});
