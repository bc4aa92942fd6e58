import { describe, expect, it } from "vitest";

import { mayOrder } from "./permissions";

const STUDIO = { kind: "studio" as const, isActive: false, agents: [] };
const MINE = { kind: "machine" as const, isActive: false, agents: [{ userName: "kim" }] };
const MEMBER = { name: "kim", isManager: false };

describe("what somebody may order", () => {
  it("on shared sites is to ask for files, the rest is for managers", () => {
    expect(mayOrder("queue", STUDIO, MEMBER)).toBe(true);
    expect(mayOrder("retry", STUDIO, MEMBER)).toBe(true);
    expect(mayOrder("remove", STUDIO, MEMBER)).toBe(false);
    expect(mayOrder("priority", STUDIO, MEMBER)).toBe(false);
    expect(mayOrder("remove", STUDIO, { name: "boss", isManager: true })).toBe(true);
  });

  it("is everything on the own machine and nothing on another's", () => {
    expect(mayOrder("remove", MINE, MEMBER)).toBe(true);
    expect(mayOrder("queue", MINE, { name: "lee", isManager: false })).toBe(false);
  });
});
