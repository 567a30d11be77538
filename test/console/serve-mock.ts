import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { afterAll, beforeAll } from "vitest";
import { readConsole, type ConsoleFiles } from "../../src/api/console/read-console.ts";

const folder = fileURLToPath(new URL("../../console", import.meta.url));

/** The console that answers itself, built once for the file: give it to `startTestApi` as its console. */
export function buildMockConsole(): () => ConsoleFiles {
  return buildConsole("mock");
}

/** In production mode it is the one that a server answers. */
export function buildConsole(mode: "mock" | "production"): () => ConsoleFiles {
  let files: ConsoleFiles | null = null;
  const out = mkdtempSync(path.join(tmpdir(), "cs-console-"));
  beforeAll(async () => {
    await asShipped(() =>
      build({
        root: folder,
        configFile: path.join(folder, "vite.config.ts"),
        configLoader: "native",
        mode,
        logLevel: "error",
        build: { outDir: out, emptyOutDir: true },
      }),
    );
    files = readConsole(out);
  });
  afterAll(() => rmSync(out, { recursive: true, force: true }));
  return () => files!;
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
