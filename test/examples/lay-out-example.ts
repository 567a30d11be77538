import { chmodSync, cpSync, mkdirSync } from "node:fs";
import path from "node:path";
import { onTestFinished } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { createHome, findPostmasters, stopPostmasters } from "../e2e/home.ts";

const house = path.join(import.meta.dirname, "../..");

interface RunJson {
  readonly id: string;
  readonly state: string;
  readonly output: string | null;
  readonly waits: readonly { readonly kind: string; readonly approval?: string }[];
}

/** What the servers of examples are made with. */
const packages = ["@modelcontextprotocol/server", "@modelcontextprotocol/core", "zod"];

/** A copy of an example beside a home of its own, to be started as its README says. */
export function layOutExample(example: string) {
  const home = createHome();
  // Who is in a sandbox is another user.
  chmodSync(home.directory, 0o755);
  const directory = path.join(home.directory, "examples", example);
  mkdirSync(path.dirname(directory));
  // No link: only what really is there is mounted into a sandbox.
  for (const name of packages)
    cpSync(
      path.join(house, "node_modules", name),
      path.join(home.directory, "node_modules", name),
      { recursive: true },
    );
  cpSync(path.join(house, "examples", example), directory, {
    recursive: true,
    filter: (file) => !/\/(?:\.countersign|\.review|\.support|repository)$/.test(file),
  });
  onTestFinished(async () => {
    const data = path.join(directory, ".countersign", "postgres");
    await stopPostmasters(() => findPostmasters(data));
  });
  const show = async (id: string) =>
    JSON.parse((await home.run("runs", "show", id, "--json")).out) as RunJson;
  return {
    home,
    directory,
    /** Until the server has said what it has. */
    async up(server: string) {
      const up = await home.up("--file", path.join(directory, "countersign.yaml"));
      home.environment["COUNTERSIGN_URL"] = up.url;
      await home.run("servers", "inspect", server);
    },
    async start(agent: string, input: string) {
      const ran = await home.run("run", agent, input, "--json");
      if (ran.code !== 0) throw new Error(`run ended with ${ran.code}: ${ran.err}`);
      return (JSON.parse(ran.out) as RunJson).id;
    },
    /** Until it waits for a person, or is over. */
    async settle(id: string): Promise<RunJson> {
      for (let tries = 0; tries < 600; tries += 1) {
        const run = await show(id);
        const isAsked = run.waits.some(({ kind }) => kind === "approval");
        if (isAsked || !["queued", "running", "waiting"].includes(run.state)) return run;
        await systemClock.sleep(50);
      }
      throw new Error(`run ${id} does not settle: ${JSON.stringify(await show(id))}`);
    },
    /** As the approver, at the exact digest that is shown. */
    async decide(word: "approve" | "deny", run: RunJson) {
      const { approval } = run.waits.find(({ kind }) => kind === "approval")!;
      const { out } = await home.run("approvals", "--json");
      const { approvals } = JSON.parse(out) as { approvals: { id: string; digest: string }[] };
      const { digest } = approvals.find(({ id }) => id === approval)!;
      return home.run(word, approval!, "--digest", digest);
    },
  };
}
