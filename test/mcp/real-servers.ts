import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";

const nodeModules = path.join(import.meta.dirname, "../../node_modules");

/** Servers that others wrote, from npm, as a person would register them. */
export function registerRealServers(): { readonly servers: object; readonly directory: string } {
  const directory = realpathSync(mkdtempSync(path.join(tmpdir(), "cs-real-")));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(path.join(directory, "note.txt"), "what is in the note");
  const program = (name: string, ...args: readonly string[]) => ({
    transport: "stdio",
    command: [process.execPath, toEntry(name), ...args],
    sandbox: "none",
  });
  const memory = program("@modelcontextprotocol/server-memory");
  return {
    directory,
    servers: {
      everything: program("@modelcontextprotocol/server-everything"),
      files: program("@modelcontextprotocol/server-filesystem", directory),
      memory: {
        ...memory,
        environment: { MEMORY_FILE_PATH: { value: path.join(directory, "memory.jsonl") } },
      },
      time: program("time-mcp"),
      thinking: program("@modelcontextprotocol/server-sequential-thinking"),
    },
  };
}

/** The program that the package says it is. */
function toEntry(name: string): string {
  // By its place: a package need not export its own description.
  const file = path.join(nodeModules, name, "package.json");
  const { bin } = JSON.parse(readFileSync(file, "utf8")) as {
    bin: string | Record<string, string>;
  };
  const relative = typeof bin === "string" ? bin : Object.values(bin)[0]!;
  return path.join(path.dirname(file), relative);
}
