import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** What the official suite found: by scenario and check, how each went. */
export type Found = ReadonlyMap<string, string>;

const suite = path.join(
  import.meta.dirname,
  "../../node_modules/@modelcontextprotocol/conformance/dist/index.js",
);

export async function runSuite(
  url: string,
  requirements: string,
): Promise<{ readonly found: Found; readonly output: string }> {
  const directory = mkdtempSync(path.join(tmpdir(), "cs-conformance-"));
  try {
    const output = await run(
      [suite, "server", "--url", url, "--requirements", requirements, "--output-dir", directory],
      directory,
    );
    return { found: readFound(directory), output };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function run(args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk) => (output += String(chunk)));
    child.stderr.on("data", (chunk) => (output += String(chunk)));
    child.once("error", reject);
    child.once("close", () => resolve(output));
  });
}

function readFound(directory: string): Found {
  const found = new Map<string, string>();
  for (const file of readdirSync(directory, { recursive: true, encoding: "utf8" })) {
    if (path.basename(file) !== "checks.json") continue;
    const scenario = path
      .basename(path.dirname(file))
      .replace(/^server-/, "")
      .replace(/-\d{4}-\d\d-\d\dT.*$/, "");
    const checks = JSON.parse(readFileSync(path.join(directory, file), "utf8")) as {
      id: string;
      status: string;
    }[];
    for (const [index, { id, status }] of checks.entries()) {
      const times = checks.slice(0, index).filter((each) => each.id === id).length;
      found.set(`${scenario} ${id}${times === 0 ? "" : ` #${times + 1}`}`, status);
    }
  }
  return found;
}
