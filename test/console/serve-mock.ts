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
  let files: ConsoleFiles | null = null;
  const out = mkdtempSync(path.join(tmpdir(), "cs-mock-"));
  beforeAll(async () => {
    await build({
      root: folder,
      configFile: path.join(folder, "vite.config.ts"),
      configLoader: "native",
      mode: "mock",
      logLevel: "error",
      build: { outDir: out, emptyOutDir: true },
    });
    files = readConsole(out);
  });
  afterAll(() => rmSync(out, { recursive: true, force: true }));
  return () => files!;
}
