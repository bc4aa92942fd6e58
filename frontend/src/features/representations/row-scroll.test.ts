import { describe, expect, it } from "vitest";

import { HEADER_HEIGHT, ROW_HEIGHT, RowScroll } from "./row-scroll";

const VIEW = HEADER_HEIGHT + 20 * ROW_HEIGHT;

function makeScroll(count: number): RowScroll {
  const scroll = new RowScroll();
  scroll.resize(count, VIEW);
  return scroll;
}

describe("scrolling", () => {
  it("shows what is in sight and a little more", () => {
    const scroll = makeScroll(1000);
    scroll.onScroll(100 * ROW_HEIGHT);
    expect(scroll.getWindow()).toEqual({
      start: 100,
      end: 120,
      from: 94,
      to: 126,
      shift: 0,
      bodyHeight: 1000 * ROW_HEIGHT,
    });
  });

  it("reveals a row with the least move", () => {
    const scroll = makeScroll(1000);
    expect(scroll.reveal(5)).toBe(0);
    expect(scroll.reveal(20)).toBe(ROW_HEIGHT);
    expect(scroll.reveal(0)).toBe(0);
    expect(scroll.reveal(999)).toBe(980 * ROW_HEIGHT);
  });

  it("reaches every row of a list that no browser can lay out", () => {
    const scroll = makeScroll(1_000_000);
    const { bodyHeight } = scroll.getWindow();
    expect(bodyHeight).toBeLessThan(16_000_000);
    const most = bodyHeight + HEADER_HEIGHT - VIEW;

    scroll.onScroll(most);
    expect(scroll.getWindow()).toMatchObject({ start: 999_980, end: 999_999 });
    scroll.onScroll(most / 2);
    expect(scroll.getWindow().start).toBe(499_990);
    const before = scroll.getWindow().start;
    scroll.onScroll(most / 2 + 10 * ROW_HEIGHT);
    expect(scroll.getWindow().start).toBe(before + 10);
    scroll.onScroll(0);
    expect(scroll.getWindow()).toMatchObject({ start: 0, shift: 0 });
    scroll.reveal(700_000);
    expect(scroll.getWindow().end).toBeGreaterThanOrEqual(700_000);
  });

  it("draws a row where the scroller is", () => {
    const scroll = makeScroll(1_000_000);
    scroll.onScroll(5_000_000);
    const { start, shift } = scroll.getWindow();
    const place = start * ROW_HEIGHT + shift;
    expect(Math.abs(place - 5_000_000)).toBeLessThanOrEqual(ROW_HEIGHT);
  });

  it("stays inside a list that became shorter", () => {
    const scroll = makeScroll(1000);
    scroll.onScroll(900 * ROW_HEIGHT);
    scroll.resize(5, VIEW);
    expect(scroll.getWindow()).toMatchObject({ start: 0, end: 4, from: 0, to: 4 });
  });
});
