import type { Duplex } from "node:stream";
import type { Clock } from "../../../ports/clock.ts";

/** QEMU's own way to be told what to do, one line of JSON each (QMP). */
export interface Monitor {
  call(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown>;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

const mostLine = 1024 * 1024;

/** Only used before foreign code has run in a machine, so what it says is QEMU's. */
export async function openMonitor(socket: Duplex): Promise<Monitor> {
  const waiting: Waiting[] = [];
  let text = "";
  const fail = (): void => {
    for (const { reject } of waiting.splice(0)) reject(new Error("QEMU does not answer any more"));
  };
  socket.on("data", (chunk: Buffer) => {
    const lines = (text + chunk.toString("utf8")).split("\n");
    text = lines.pop() ?? "";
    if (text.length > mostLine) return void socket.destroy();
    for (const line of lines) answer(JSON.parse(line) as Record<string, unknown>, waiting);
  });
  socket.on("error", fail);
  socket.once("close", fail);
  const monitor: Monitor = {
    call: (execute, args = {}) =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        // It may have gone between two calls, and closes only once.
        if (socket.destroyed) fail();
        else socket.write(`${JSON.stringify({ execute, arguments: args })}\n`);
      }),
  };
  await monitor.call("qmp_capabilities");
  return monitor;
}

/** Its greeting and what it tells by itself are no answers. */
function answer(told: Readonly<Record<string, unknown>>, waiting: Waiting[]): void {
  if ("return" in told) waiting.shift()?.resolve(told["return"]);
  else if ("error" in told) waiting.shift()?.reject(new Error(JSON.stringify(told["error"])));
}

const pauseMs = 10;
const mostPauses = 6_000;

/** Writes the machine as it is to a socket, and has it stand still afterwards. */
export async function saveTo(monitor: Monitor, socket: string, clock: Clock): Promise<void> {
  const fast = 8_000_000_000;
  await monitor.call("migrate-set-parameters", { "max-bandwidth": fast, "downtime-limit": 10_000 });
  await monitor.call("migrate", { uri: `unix:${socket}` });
  for (let paused = 0; paused < mostPauses; paused += 1) {
    const told = (await monitor.call("query-migrate")) as {
      readonly status?: string;
      readonly "error-desc"?: string;
    };
    if (told.status === "completed") return;
    if (told.status === "failed") throw new Error(told["error-desc"] ?? "it failed");
    await clock.sleep(pauseMs);
  }
  throw new Error("it takes too long");
}
