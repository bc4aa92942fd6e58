import react from "@vitejs/plugin-react";
import { loadEnv } from "vite";
import { defineConfig } from "vitest/config";

/**
 * `npm run dev` against a running server: SITESYNC_SERVER is its address and
 * SITESYNC_VERSION the version it serves. The page then lies under the same
 * path as in production, so the panel finds its API by its own address.
 */
export default defineConfig(({ command, mode }) => {
  const env = loadEnv(mode, ".", "SITESYNC_");
  const server = env["SITESYNC_SERVER"];
  const version = env["SITESYNC_VERSION"] ?? "dev";
  return {
    // AYON serves the files under a path that holds the version.
    base: command === "serve" ? `/addons/sitesync/${version}/frontend/` : "",
    plugins: [react()],
    build: { target: "es2022", sourcemap: false },
    ...(server === undefined
      ? {}
      : {
          server: {
            proxy: { "/api": server, "/ws": { target: server, ws: true } },
          },
        }),
    test: {
      environment: "jsdom",
      environmentOptions: {
        jsdom: { url: "https://ayon.test/addons/sitesync/2.0.0/frontend/" },
      },
      include: ["src/**/*.test.{ts,tsx}"],
      setupFiles: ["src/testing/setup.ts"],
      restoreMocks: true,
      testTimeout: 30_000,
    },
  };
});
