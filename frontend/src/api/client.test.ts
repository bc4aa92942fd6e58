import { http, HttpResponse } from "msw";
import { describe, expect, it, vi } from "vitest";

import { NO_FILTER } from "../domain/list-filter";
import { server } from "../testing/server";
import { ApiClient, ApiError, ConnectionError } from "./client";
import { queryRepresentations } from "./query-representations";

const PATH = "/api/addons/sitesync/2.0.0/demo/sites";

function makeClient(senderId: string | null = null) {
  const onUnauthorized = vi.fn();
  const client = new ApiClient({
    location: { serverBase: "", addonName: "sitesync", addonVersion: "2.0.0" },
    getToken: () => "secret",
    senderId,
    onUnauthorized,
  });
  return { client, onUnauthorized };
}

describe("a request", () => {
  it("carries the token and the sender", async () => {
    server.use(
      http.get(PATH, ({ request }) =>
        HttpResponse.json(Object.fromEntries(request.headers.entries())),
      ),
    );
    const headers = await makeClient("frame-7").client.getAddon("/demo/sites");
    expect(headers).toMatchObject({
      authorization: "Bearer secret",
      "x-sender": "frame-7",
    });
  });

  it.each(["a b%/?#&c", "主人公", "it's \"50%\""])(
    "keeps names in addresses and texts in bodies apart from their marks: %s",
    async (name) => {
      const asked: { path: string; body: unknown }[] = [];
      server.use(
        http.post("*/representations/query", async ({ request }) => {
          const path = new URL(request.url).pathname;
          asked.push({ path, body: await request.json() });
          return HttpResponse.json({});
        }),
      );
      const question = {
        projectName: name,
        siteNames: [name],
        filter: { ...NO_FILTER, search: name, versions: [12], statuses: { [name]: [4] } },
        sort: { by: "status", site: name, isDescending: false },
      } as const;
      await queryRepresentations(makeClient().client, question, {});
      expect(asked).toEqual([
        {
          path: `/api/addons/sitesync/2.0.0/${encodeURIComponent(name)}/representations/query`,
          body: expect.objectContaining({
            siteNames: [name],
            search: name,
            versions: [12],
            statuses: { [name]: [4] },
            sortSite: name,
          }) as unknown,
        },
      ]);
    },
  );

  it("sends a body as JSON", async () => {
    server.use(
      http.post(PATH, async ({ request }) => HttpResponse.json(await request.json())),
    );
    const body = { search: "50% 'quoted' 主人公" };
    expect(await makeClient().client.postAddon("/demo/sites", body)).toEqual(body);
  });

  it("fails with the server's own sentence", async () => {
    const answer = { code: 400, detail: "siteNames: at most 50", errorCode: "bad_value" };
    server.use(http.get(PATH, () => HttpResponse.json(answer, { status: 400 })));
    const error = await makeClient()
      .client.getAddon("/demo/sites")
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      status: 400,
      message: "siteNames: at most 50",
      errorCode: "bad_value",
      isFinal: true,
    });
  });

  it("tells a proxy's page by its status, and that another try may do", async () => {
    server.use(
      http.get(PATH, () => HttpResponse.html("<h1>Bad gateway</h1>", { status: 502 })),
    );
    await expect(makeClient().client.getAddon("/demo/sites")).rejects.toMatchObject({
      message: "The server answered 502 Bad Gateway",
      isFinal: false,
    });
  });

  it("tells a server that is not there apart", async () => {
    server.use(http.get(PATH, () => HttpResponse.error()));
    await expect(makeClient().client.getAddon("/demo/sites")).rejects.toBeInstanceOf(
      ConnectionError,
    );
  });

  it("says which token was refused", async () => {
    server.use(
      http.get(PATH, () => HttpResponse.json({ detail: "no" }, { status: 401 })),
    );
    const { client, onUnauthorized } = makeClient();
    await expect(client.getAddon("/demo/sites")).rejects.toMatchObject({ status: 401 });
    expect(onUnauthorized).toHaveBeenCalledExactlyOnceWith("secret");
  });
});
