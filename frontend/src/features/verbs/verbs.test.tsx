import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import { makeRow, makeSite, makeState } from "../../testing/factories";
import { renderPanel } from "../../testing/render";
import { type FakeProject, server, serveProject, serveUser } from "../../testing/server";

const LIST = "#project=demo&view=representations";
const SITES = [
  makeSite("studio"),
  makeSite("gdrive", { kind: "configured", provider: "gdrive" }),
];
const ROWS = Array.from({ length: 5 }, (_, index) => makeRow(index));

async function open(part: Partial<FakeProject> = {}) {
  const project = serveProject("demo", { sites: SITES, rows: ROWS, ...part });
  server.use(serveUser({ name: "kim", data: { isManager: true } }));
  const { user } = renderPanel({ hash: LIST });
  await screen.findByRole("row", { name: /sh0000/ });
  return { project, user };
}

function getRow(index: number): HTMLElement {
  return screen.getByRole("row", { name: new RegExp(`sh000${index}`) });
}

/** What the bar has, without what selects and clears. */
function listOffered(): string[] {
  return within(screen.getByRole("toolbar"))
    .getAllByRole("button", { name: /…$/ })
    .map((button) => button.textContent);
}

async function ask(user: Awaited<ReturnType<typeof open>>["user"], verb: string) {
  await user.click(screen.getByRole("button", { name: verb }));
  return within(await screen.findByRole("dialog"));
}

describe("a selection", () => {
  it("is made with click, control and shift, and cleared with Escape", async () => {
    const { user } = await open();
    await user.click(getRow(0));
    await screen.findByText(/^1 selected/);
    await user.keyboard("{Control>}");
    await user.click(getRow(2));
    await user.keyboard("{/Control}");
    await screen.findByText(/^2 selected/);
    expect(getRow(1).getAttribute("aria-selected")).toBe("false");
    await user.keyboard("{Shift>}");
    await user.click(getRow(4));
    await user.keyboard("{/Shift}");
    await screen.findByText(/^3 selected/);

    screen.getByRole("grid").focus();
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("toolbar")).toBeNull();
  });

  it("is made with the keyboard alone", async () => {
    const { user } = await open();
    screen.getByRole("grid").focus();
    await user.keyboard("{ArrowDown}{Shift>}{ArrowDown}{ArrowDown}{/Shift}");
    await screen.findByText(/^3 selected/);
    await user.keyboard(" ");
    await screen.findByText(/^2 selected/);
    await user.keyboard("{Control>}a{/Control}");
    await screen.findByText(/^5 selected/);
  });

  it("of all that matches names the filter, not the rows", async () => {
    const { project, user } = await open();
    await user.type(screen.getByRole("searchbox"), "comp");
    await waitFor(() => {
      expect(project.queries.at(-1)).toMatchObject({ search: "comp" });
    });
    await screen.findByText(/^5 representations/);
    screen.getByRole("grid").focus();
    await user.keyboard("{Control>}a{/Control}");
    const dialog = await ask(user, "Retry…");
    await user.click(dialog.getByRole("checkbox", { name: /gdrive/ }));
    await waitFor(() => {
      expect(project.verbs).toEqual([
        {
          verb: "retry",
          siteNames: ["gdrive"],
          selection: { filter: { search: "comp" } },
          dryRun: true,
        },
      ]);
    });
  });
});

describe("an artist", () => {
  it("is offered what sites that all share let him ask for", async () => {
    serveProject("demo", { sites: SITES, rows: ROWS });
    const { user } = renderPanel({ hash: LIST });
    await user.click(await screen.findByRole("row", { name: /sh0000/ }));
    expect(listOffered()).toEqual(["Sync to…", "Retry…"]);
  });

  it("is offered every verb once he has a machine of his own", async () => {
    const own = makeSite("brisk-amber-fox", { isActive: true });
    serveProject("demo", { sites: [...SITES, own], rows: ROWS });
    const { user } = renderPanel({ hash: LIST });
    await user.click(await screen.findByRole("row", { name: /sh0000/ }));
    expect(listOffered()).toHaveLength(9);
    const dialog = await ask(user, "Reset…");
    const sites = dialog.getAllByRole("checkbox").map((box) => box.parentElement?.textContent);
    expect(sites).toEqual([expect.stringContaining("brisk-amber-fox")]);
  });
});

describe("a verb", () => {
  it("asks where, says what will happen, does it, and can be undone", async () => {
    const back = {
      verb: "cancel" as const,
      siteNames: ["gdrive"],
      selection: { representationIds: ["1"] },
    };
    const { project, user } = await open({ verbAnswer: { undo: back } });
    await user.click(getRow(1));
    const dialog = await ask(user, "Sync to…");
    expect(dialog.getByText("Sync 1 representation to")).toBeTruthy();
    const sync = dialog.getByRole<HTMLButtonElement>("button", { name: "Sync" });
    expect(sync.disabled).toBe(true);

    await user.click(dialog.getByRole("checkbox", { name: /gdrive/ }));
    await dialog.findByText("2 of 2 will change: 20 files, 2.0 kB.");
    await user.click(sync);
    await screen.findByText("2 representations queued: gdrive.");
    expect(screen.queryByRole("dialog")).toBeNull();
    const id = ROWS[1]?.representationId;
    expect(project.verbs.at(-1)).toEqual({
      verb: "queue",
      siteNames: ["gdrive"],
      selection: { representationIds: [id] },
    });

    await user.click(screen.getByRole("button", { name: "Undo" }));
    await screen.findByText(/^Undone\./);
    expect(project.verbs.at(-1)).toEqual(back);
  });

  it("warns of last copies and lists what was not done, by name", async () => {
    const problem = {
      representationId: ROWS[3]?.representationId ?? "",
      siteName: "studio",
      errorCode: "last_copy",
      detail: "This is the last copy",
    };
    const { user } = await open({ verbAnswer: { changed: 0, problems: [problem] } });
    await user.click(getRow(3));
    const dialog = await ask(user, "Remove from…");
    await user.click(dialog.getByRole("checkbox", { name: /studio/ }));
    await dialog.findByText("One of them is the last copy there is: it stays.");
    await user.click(dialog.getByRole("button", { name: "Remove" }));
    const failure = await screen.findByText(/These were not/);
    expect(failure.textContent).toContain("0 representations being removed");
    expect(screen.getByRole("listitem").textContent).toBe(
      "/shots/sh0003 compMain v003 exr on studio: This is the last copy",
    );
    await user.click(screen.getByRole("button", { name: "Close" }));
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  it("removes the files, or forgets only that they are there", async () => {
    const { project, user } = await open();
    await user.click(getRow(1));
    const dialog = await ask(user, "Remove from…");
    expect(dialog.getByText(/An agent deletes the files/)).toBeTruthy();
    await user.click(dialog.getByRole("checkbox", { name: /gdrive/ }));
    await user.click(dialog.getByRole("checkbox", { name: /Keep the files/ }));
    await user.click(dialog.getByRole("button", { name: "Remove" }));
    await screen.findByText("2 representations forgotten: gdrive.");
    expect(project.verbs.at(-1)).toMatchObject({ verb: "remove", keepFiles: true });
  });

  it("has all its fellows under More where there is little room", async () => {
    const { project, user } = await open();
    await user.click(getRow(1));
    await user.click(screen.getByRole("button", { name: "More" }));
    const menu = within(screen.getByRole("group", { name: /More to do/ }));
    expect(menu.getAllByRole("button").map((item) => item.textContent)).toEqual([
      "Select all 5",
      "Retry…",
      "Pause…",
      "Resume…",
      "Cancel…",
      "Priority…",
      "Reset…",
      "Verify…",
    ]);
    await user.click(menu.getByRole("button", { name: "Verify…" }));
    const dialog = within(await screen.findByRole("dialog"));
    await user.click(dialog.getByRole("checkbox", { name: /gdrive/ }));
    await user.click(dialog.getByRole("button", { name: "Verify" }));
    await screen.findByText(/asked to be verified/);
    expect(project.verbs.at(-1)).toMatchObject({ verb: "verify" });
    expect(screen.queryByRole("group", { name: /More to do/ })).toBeNull();
  });

  it("waits for a job and tells how far it is", async () => {
    const { project, user } = await open({
      verbAnswer: { jobId: "j1", changed: 0 },
      job: { jobId: "j1", state: "running", matched: 900, changed: 300, detail: null, problems: [], problemsOmitted: 0 },
    });
    await user.click(getRow(0));
    const dialog = await ask(user, "Reset…");
    await user.click(dialog.getByRole("checkbox", { name: /studio/ }));
    await user.click(dialog.getByRole("button", { name: "Reset" }));
    await dialog.findByText("300 of 900");
    project.job = { ...project.job, state: "finished", changed: 900 };
    await screen.findByText("900 representations reset: studio.");
  });

  it("that the server refuses says why and leaves the question open", async () => {
    const { user } = await open();
    server.use(
      http.post("*/verbs/pause", () =>
        HttpResponse.json({ detail: "Only managers may do that" }, { status: 403 }),
      ),
    );
    await user.click(getRow(0));
    const dialog = await ask(user, "Pause…");
    await user.click(dialog.getByRole("checkbox", { name: /studio/ }));
    await dialog.findByText("Only managers may do that");
    await user.click(dialog.getByRole("button", { name: "Pause" }));
    await waitFor(() => {
      expect(screen.getAllByText("Only managers may do that")).toHaveLength(2);
    });
    expect(screen.getByRole("dialog")).toBeTruthy();
  });

  it("for the priority asks for a number within bounds", async () => {
    const { project, user } = await open();
    await user.click(getRow(0));
    const dialog = await ask(user, "Priority…");
    await user.click(dialog.getByRole("checkbox", { name: /gdrive/ }));
    const field = dialog.getByRole<HTMLInputElement>("spinbutton");
    await user.clear(field);
    await user.type(field, "80");
    await user.click(dialog.getByRole("button", { name: "Set the priority" }));
    await screen.findByText(/given the priority/);
    expect(project.verbs.at(-1)).toMatchObject({ verb: "priority", priority: 80 });
  });
});

describe("details", () => {
  const failed = makeState({ status: 2, filesFailed: 1, bytesDone: 0 });
  const rows = [makeRow(1, { sites: { studio: makeState(), gdrive: failed } })];

  it("answer why, list files and history, and offer what helps", async () => {
    const { project, user } = await open({
      rows: [makeRow(0), ...rows],
      files: [
        {
          id: "f1",
          path: "{root[work]}/demo/plate.1001.exr",
          size: 1000,
          sites: {
            studio: { status: 4, bytesDone: 1000, proof: "content", message: null, retries: 0 },
            gdrive: { status: 2, bytesDone: 0, proof: null, message: "Disk full", retries: 3 },
          },
        },
      ],
      explanation: {
        siteName: "gdrive",
        status: 2,
        isRemoving: false,
        reasons: [
          { code: "failed", text: "1 file failed 3 times.", todo: "Free some space." },
        ],
      },
      attempts: [
        {
          attemptId: "a1",
          agentId: "b".repeat(32),
          siteName: "gdrive",
          sourceSite: "studio",
          hostname: "transfer01",
          userName: "service",
          startedAt: 1_795_240_000,
          finishedAt: 1_795_240_030,
          outcome: "failed",
          filesTotal: 1,
          filesSynced: 0,
          filesFailed: 1,
          bytesDone: 0,
          errors: [{ fileId: "f1", errorClass: "quota", message: "Disk full" }],
        },
        {
          attemptId: "a0",
          agentId: "b".repeat(32),
          siteName: "gdrive",
          sourceSite: "",
          hostname: "transfer01",
          userName: "kim",
          startedAt: 1_795_230_000,
          finishedAt: 1_795_230_000,
          outcome: "removed",
          filesTotal: 1,
          filesSynced: 0,
          filesFailed: 0,
          bytesDone: 0,
          errors: [],
        },
      ],
    });
    await user.dblClick(getRow(1));
    const pane = within(await screen.findByRole("complementary", { name: "Details" }));
    await pane.findByText("Why is it not on gdrive?");
    expect(pane.getByText("Free some space.")).toBeTruthy();
    expect(pane.getByText("Disk full (3 failures)")).toBeTruthy();
    expect(pane.getByText("plate.1001.exr: Disk full")).toBeTruthy();
    expect(
      pane.getByText("studio → gdrive, 0 of 1 file, 1 failed, 0 B in 30 s · by service on transfer01"),
    ).toBeTruthy();
    expect(pane.getByText(/gdrive: removed, for kim · transfer01/)).toBeTruthy();
    expect(window.location.hash).toContain("open=");

    await user.click(pane.getByRole("button", { name: "Retry 1 file" }));
    const dialog = within(await screen.findByRole("dialog"));
    expect(dialog.getByText("Retry compMain v003 exr on")).toBeTruthy();
    await dialog.findByText(/will change/);
    expect(project.verbs.at(-1)).toMatchObject({
      verb: "retry",
      siteNames: ["gdrive"],
      selection: { representationIds: [rows[0]?.representationId] },
    });
  });

  it("offer to keep what is being removed", async () => {
    const removing = makeState({ isRemoving: true, message: "The disk is read-only" });
    const { project, user } = await open({
      explanation: { siteName: "gdrive", status: -1, isRemoving: true, reasons: [] },
      rows: [makeRow(0, { sites: { studio: makeState(), gdrive: removing } })],
    });
    expect(getRow(0).textContent).toContain(
      "being removed by an agent: The disk is read-only",
    );
    await user.dblClick(getRow(0));
    const pane = within(await screen.findByRole("complementary", { name: "Details" }));
    await user.click(pane.getByRole("button", { name: /^gdrive/ }));
    await pane.findByText("It is being removed from gdrive");
    await user.click(pane.getByRole("button", { name: "Keep it" }));
    await within(await screen.findByRole("dialog")).findByText(/will change/);
    expect(project.verbs.at(-1)).toMatchObject({ verb: "queue", siteNames: ["gdrive"] });
  });

  it("open with Enter, follow the row and close with Escape", async () => {
    const { user } = await open();
    screen.getByRole("grid").focus();
    await user.keyboard("{ArrowDown}{Enter}");
    const pane = await screen.findByRole("complementary", { name: "Details" });
    await within(pane).findByText(/sh0000 · compMain/);
    await user.keyboard("{ArrowDown}");
    await screen.findByText(/sh0001 · compMain/);
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("complementary")).toBeNull();
  });

  it("stay open when Escape closes what lies before them", async () => {
    const { user } = await open();
    await user.dblClick(getRow(0));
    await screen.findByRole("complementary", { name: "Details" });
    await user.click(screen.getByRole("button", { name: "Columns" }));
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("checkbox", { name: "Files" })).toBeNull();
    expect(screen.getByRole("complementary", { name: "Details" })).toBeTruthy();
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("complementary")).toBeNull();
  });
});
