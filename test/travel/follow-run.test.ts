import { expect, test } from "vitest";
import type { Api } from "../../examples/travel/start/api.ts";
import { followRun } from "../../examples/travel/start/follow-run.ts";

/** A run with this history, which is by now as its state says. */
function openApi(state: string): Api {
  const events = ["run.created", "run.partly_completed", "run.resumed"];
  return {
    get: async () => ({ id: "r", state, waits: [], calls: [{ tool: "a__b", state: "open" }] }),
    post: async () => ({}),
    async *stream() {
      for (const [at, type] of events.entries())
        yield { event: type, id: String(at + 1), data: JSON.stringify({ type }) };
      yield { event: "end", id: "", data: "{}" };
    },
  };
}

async function follow(state: string): Promise<string> {
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  const { signal } = new AbortController();
  await followRun(openApi(state), { run: "r", say, flags: "", signal });
  return lines.join("\n");
}

test.each(["paused", "stopped", "parked", "partial"])(
  "of a run that is %s it is said how it goes on",
  async (state) => {
    expect(await follow(state)).toContain("npx countersign runs resume r");
  },
);

test.each(["queued", "running", "waiting", "completed"])(
  "a run that rested once and is %s by now is passed by",
  async (state) => {
    expect(await follow(state)).not.toContain("runs resume");
  },
);
