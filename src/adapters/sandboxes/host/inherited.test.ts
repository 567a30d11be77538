import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const file = fileURLToPath(new URL("./inherited.ts", import.meta.url));
const script = `
  const { closeInherited } = await import(${JSON.stringify(file)});
  const { spawnSync } = await import("node:child_process");
  const list = () => spawnSync("ls", ["/proc/self/fd"]).stdout.toString().trim().split("\\n");
  const before = list();
  const closed = closeInherited();
  console.log(JSON.stringify({ before, closed, after: list() }));
`;
const handedOn = 251;

test.runIf(process.platform === "linux")(
  "what a server was handed is not handed on to its sandboxes",
  async () => {
    const gap = Array<"ignore">(handedOn - 3).fill("ignore");
    const server = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit", ...gap, "pipe"],
    });
    let said = "";
    server.stdout!.on("data", (chunk: Buffer) => {
      said += chunk.toString("utf8");
    });
    await new Promise((resolve) => server.once("close", resolve));
    const { before, closed, after } = JSON.parse(said) as Record<string, readonly unknown[]>;
    expect(before).toContain(String(handedOn));
    expect(closed).toEqual([handedOn]);
    expect(new Set(after)).toEqual(new Set(["0", "1", "2", "3"]));
  },
);
