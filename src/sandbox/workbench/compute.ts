import type { Readable } from "node:stream";
import { createByteBuffer } from "../../lib/byte-buffer.ts";
import { toSandboxLimits } from "../../model/config-sandbox.ts";
import type { Said } from "../../ports/errands.ts";
import type { StartedSandbox } from "../../ports/sandbox.ts";
import { mostShown, toStreamText } from "./stream-text.ts";
import { textOf, type ToolCall, type Told, type WorkbenchParts } from "./tool-call.ts";

/** What is no matter of seconds is a program's. */
const longestMs = 10_000;
const marginMs = 500;

/** JavaScript that can reach nothing: an engine alone, with neither files nor a network nor a workspace. */
export async function compute({ sandboxes, clock }: WorkbenchParts, call: ToolCall): Promise<Told> {
  const code = textOf(call, "code");
  const input = call.args["input"];
  const leftMs = call.untilMs() - clock.nowMs() - marginMs;
  const timeoutMs = Math.max(1, Math.min(longestMs, leftMs));
  call.beforeWrite();
  const started = await sandboxes.start("T0", {
    server: call.server,
    command: ["javascript", code],
    environment: {},
    directory: null,
    mounts: [],
    limits: toSandboxLimits(call.config),
    egress: [],
    private: false,
    credentials: [],
  });
  const stop = new AbortController();
  const onAbort = (): void => started.sandbox.kill();
  call.signal.addEventListener("abort", onAbort, { once: true });
  if (call.signal.aborted) onAbort();
  let isLate = false;
  clock.sleep(timeoutMs, stop.signal).then(
    () => {
      isLate = true;
      started.sandbox.kill();
    },
    () => undefined,
  );
  try {
    const said = await converse(started, typeof input === "string" ? input : "");
    return toTold(started, { ...said, late: isLate ? timeoutMs : null });
  } finally {
    stop.abort();
    call.signal.removeEventListener("abort", onAbort);
  }
}

interface Conversed {
  readonly stdout: Said;
  readonly stderr: Said;
  readonly end: Awaited<StartedSandbox["sandbox"]["ended"]>;
}

async function converse({ sandbox }: StartedSandbox, input: string): Promise<Conversed> {
  // One that has ended takes no more: how it ended says why.
  sandbox.stdin.on("error", () => undefined);
  sandbox.stdin.end(input);
  const [stdout, stderr, end] = await Promise.all([
    readBounded(sandbox.stdout),
    readBounded(sandbox.stderr),
    sandbox.ended,
  ]);
  return { stdout, stderr, end };
}

/** Read to its end, kept to the bound. */
async function readBounded(stream: Readable): Promise<Said> {
  // Of a piece that is cut, only what is kept stays in memory.
  const kept = createByteBuffer();
  let droppedBytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const part = chunk.subarray(0, mostShown - kept.size);
      kept.add(part);
      droppedBytes += chunk.byteLength - part.byteLength;
    }
  } catch {
    // What was cut off is what was said.
  }
  return { bytes: kept.toBytes(), droppedBytes };
}

function toTold(
  { stamp }: StartedSandbox,
  { stdout, stderr, end, late }: Conversed & { readonly late: number | null },
): Told {
  const exit = late === null ? toExit(end.reason) : null;
  const reason = late === null ? end.reason : `took longer than ${late / 1_000} s`;
  const { memoryPeakBytes, cpuUs } = end.usage;
  const isDone = exit === 0;
  const lines = isDone
    ? [new TextDecoder().decode(stdout.bytes), ...toDropped(stdout)]
    : [
        `The computation ${reason}.`,
        ...toStreamText("stdout", stdout),
        ...toStreamText("stderr", stderr),
      ];
  return {
    text: lines.join("\n"),
    isError: !isDone,
    sandbox: { ...stamp(), exit, usage: { memoryPeakBytes, cpuUs } },
  };
}

function toDropped({ droppedBytes }: Said): readonly string[] {
  return droppedBytes === 0 ? [] : [`(${droppedBytes} bytes more are not shown)`];
}

/** As drivers word it; null: it did not end by itself. */
function toExit(reason: string): number | null {
  const [, digits] = /^ended with (\d{1,3})$/.exec(reason) ?? [];
  return digits === undefined ? null : Number(digits);
}
