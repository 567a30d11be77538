import { setImmediate as turn } from "node:timers/promises";
import { beforeEach, expect, test } from "vitest";
import { serverSchema, type WorkbenchServerConfig } from "../../model/config-servers.ts";
import { createInMemoryErrands } from "../../ports/in-memory-errands.ts";
import { createInMemorySandboxes, type InMemoryProgram } from "../../ports/in-memory-sandboxes.ts";
import { createManualClock } from "../../ports/manual-clock.ts";
import { compute } from "./compute.ts";
import { mostShown } from "./stream-text.ts";
import type { ToolCall } from "./tool-call.ts";

let clock = createManualClock(0);
let program: (program: InMemoryProgram) => void;
let sandboxes = createInMemorySandboxes((one) => program(one));

beforeEach(() => {
  clock = createManualClock(0);
  sandboxes = createInMemorySandboxes((one) => program(one));
});

const never = new AbortController().signal;
const run = (signal = never) => {
  const call = {
    config: serverSchema.parse({ transport: "workbench" }) as WorkbenchServerConfig,
    server: "lab",
    args: { code: "1", input: "given" },
    untilMs: () => 60_000,
    signal,
    beforeWrite: () => undefined,
  } as unknown as ToolCall;
  const errands = createInMemoryErrands(() => ({}));
  return compute({ sandboxes, errands, clock, workspaces: {} as never }, call);
};

test("of a flood the first is kept, and the rest is counted", async () => {
  const chunk = Buffer.alloc(65_536, "x");
  program = ({ stdout, end }) => {
    for (let count = 0; count < 100; count += 1) stdout.write(chunk);
    end("ended with 0");
  };
  const { text, isError } = await run();
  expect(isError).toBe(false);
  expect(text).toBe(
    `${"x".repeat(mostShown)}\n(${100 * chunk.length - mostShown} bytes more are not shown)`,
  );
});

test("one that takes too long, or is called off, is ended", async () => {
  program = () => undefined;
  const late = run();
  await turn();
  clock.advance(9_999);
  expect(sandboxes.running).toBe(1);
  clock.advance(1);
  expect((await late).text).toBe("The computation took longer than 10 s.");
  const leaving = new AbortController();
  const left = run(leaving.signal);
  await turn();
  leaving.abort();
  expect(await left).toMatchObject({ isError: true, sandbox: { exit: null } });
  expect(sandboxes.running).toBe(0);
});
