import { describe, expect, it } from "vitest";

import { makeRow, makeState } from "../../testing/factories";
import { answerQuery } from "../../testing/server";
import { listRows, type RepresentationPages, replaceRows } from "./pages";

const ROWS = [0, 1, 2, 3].map((index) => makeRow(index));

function makePages(): RepresentationPages {
  const siteNames = ["studio"];
  const first = answerQuery(ROWS, { siteNames, first: 2, withTotal: true });
  const second = answerQuery(ROWS, { siteNames, after: first.pageInfo.endCursor, first: 2 });
  return {
    pages: [first, second].map((page) => ({ ...page, siteNames })),
    pageParams: [null, first.pageInfo.endCursor],
  };
}

describe("pages", () => {
  it("are one list", () => {
    expect(listRows(makePages())).toEqual(ROWS);
    expect(listRows(undefined)).toEqual([]);
  });

  it("take new states in place and leave other pages as they are", () => {
    const pages = makePages();
    const changed = makeRow(2, { sites: { studio: makeState({ status: 2 }) } });
    const next = replaceRows(pages, [changed, makeRow(99)]);
    expect(listRows(next)).toEqual([ROWS[0], ROWS[1], changed, ROWS[3]]);
    expect(next.pages[0]).toBe(pages.pages[0]);
    expect(next.pages[1]).not.toBe(pages.pages[1]);
  });
});
