import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { build } from "vite";
import { beforeAll } from "vitest";
import { consoleSources } from "../../bin/bootstrap/console.js";
import { readConsole, type ConsoleFiles } from "../../src/api/console/read-console.ts";
import { moveUnlessThere } from "../../src/adapters/embedded-postgres/move-unless-there.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = path.join(root, "console");
/** Of this run, in a folder that vitest.config.ts names and takes away. */
const house = process.env["COUNTERSIGN_TEST_SHARED"]!;

/** The console that answers itself: give it to `startTestApi` as its console. */
export function buildMockConsole(): () => ConsoleFiles {
  return buildConsole("mock");
}

/** In production mode it is the one that a server answers. Built once for all files of a run. */
export function buildConsole(mode: "mock" | "production"): () => ConsoleFiles {
  let files: ConsoleFiles | null = null;
  beforeAll(async () => {
    const built = path.join(house, `console-${mode}-${findNewestMs()}`);
    if (!existsSync(built)) await buildAt(built, mode);
    files = readConsole(built);
  }, 120_000);
  return () => files!;
}

async function buildAt(place: string, mode: string): Promise<void> {
  mkdirSync(house, { recursive: true, mode: 0o711 });
  const draft = `${place}-${process.pid}`;
  await asShipped(() =>
    build({
      root: folder,
      configFile: path.join(folder, "vite.config.ts"),
      configLoader: "native",
      mode,
      logLevel: "error",
      build: { outDir: draft, emptyOutDir: true },
    }),
  );
  moveUnlessThere(draft, place);
}

/** The page as it was built here, whatever lies in the product's own folder; all else is the product's. */
export async function servePage(page: Page, files: ConsoleFiles): Promise<void> {
  await page.route(
    (asked) => !asked.pathname.startsWith("/v1/"),
    async (route) => {
      const { pathname } = new URL(route.request().url());
      const file = files.get(pathname.startsWith("/assets/") ? pathname : "/index.html")!;
      await route.fulfill({ body: file.bytes, contentType: file.type });
    },
  );
}

/** When something that it is made from was last changed: a run that watches builds it again. */
function findNewestMs(): number {
  const times = consoleSources.flatMap((source) => {
    const place = path.join(root, source);
    return readdirSync(place, { recursive: true, encoding: "utf8" })
      .filter((name) => !/(?:^|\/)(?:dist|node_modules)(?:\/|$)/.test(name))
      .map((name) => statSync(path.join(place, name)).mtimeMs);
  });
  return Math.max(...times);
}

/** The test runner's `NODE_ENV` would build a React for development, several times as slow. */
async function asShipped(make: () => Promise<unknown>): Promise<void> {
  const before = process.env["NODE_ENV"];
  process.env["NODE_ENV"] = "production";
  try {
    await make();
  } finally {
    process.env["NODE_ENV"] = before;
  }
}
