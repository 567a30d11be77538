import { setTimeout as sleep } from "node:timers/promises";
import { startDesk, type Desk } from "./desk/desk.ts";
import type { Progress } from "./main.ts";
import { readMachine, toQuantile, type Report } from "./report.ts";

const callers = 4;
const open = 10_000;
/** So that what the process needs to do this at all is there before it is measured. */
const warming = 1_000;
const atOnce = 16;
const decisions = 200;
const idleSeconds = 20;
/** The held request is at its place by then. */
const settleMs = 40;

/** What approvals that wait cost, and how soon after a decision its effect begins. */
export async function measureDesk(progress: Progress): Promise<Report> {
  const machine = readMachine();
  const desk = await startDesk(callers);
  const rows: Record<string, string | number>[] = [];
  const note = (row: Record<string, string | number>): void => {
    rows.push(row);
    progress(JSON.stringify(row));
  };
  try {
    await make(desk, "warm", warming);
    await decideEach(desk, "first", 50);
    note({ open: warming, ...(await measure(desk, "few")) });
    const before = desk.use();
    const startedMs = performance.now();
    await make(desk, "open", open);
    const seconds = (performance.now() - startedMs) / 1_000;
    const after = desk.use();
    const perAsk = (ms: number): number => round1((ms * 1_000) / open);
    progress(`${open} asked for in ${round1(seconds)} s`);
    note({ open: warming + open, ...(await measure(desk, "many")) });
    // What is there once for all does not grow any more; what each costs would.
    await make(desk, "more", open);
    note({ open: warming + 2 * open, ...(await measure(desk, "more")) });
    return {
      name: "Approvals that wait",
      about:
        `Calls of ${callers} callers that wait for a person, over MCP; the product as it is shipped, with its own Postgres. ` +
        "A decision is timed from its POST to the moment at which the server has the request of the call, which is held at the gate.",
      machine,
      rows,
      notes: [
        `Idle: ${idleSeconds} s in which nobody asks for anything. CPU in ms a second, of the process and of its Postgres.`,
        `Asking: ${perAsk(after.cpuMs - before.cpuMs)} µs CPU each in the process, ${perAsk(after.postgresMs - before.postgresMs)} µs in Postgres; ${Math.round(open / seconds)} a second with ${atOnce} at once.`,
        `${decisions} decisions one after the other, each on a call of its own. The target is a p50 of 20 ms at most.`,
      ],
    };
  } finally {
    await desk.stop();
  }
}

async function make(desk: Desk, name: string, count: number): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const at = next++;
      await desk.ask(at % callers, `${name} ${at}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

async function measure(desk: Desk, name: string) {
  // What the asking left to be written and collected is over by then.
  await sleep(5_000);
  const before = desk.use();
  await sleep(idleSeconds * 1_000);
  const idle = desk.use();
  const times = await decideEach(desk, name, decisions);
  return {
    "RSS MB": Math.round(idle.rssMb),
    "idle CPU": round1((idle.cpuMs - before.cpuMs) / idleSeconds),
    "idle CPU of Postgres": round1((idle.postgresMs - before.postgresMs) / idleSeconds),
    "decided to effect p50 ms": round1(toQuantile(times, 0.5)),
    "p95 ms": round1(toQuantile(times, 0.95)),
  };
}

/** From the POST of each decision to its effect, sorted. */
async function decideEach(desk: Desk, name: string, count: number): Promise<readonly number[]> {
  const times: number[] = [];
  for (let at = 0; at < count; at += 1) {
    const [caller, payment] = [at % callers, `${name} decided ${at}`];
    const asked = await desk.ask(caller, payment);
    const held = desk.hold(caller, payment);
    await sleep(settleMs);
    const startedNs = process.hrtime.bigint();
    await desk.approve(asked);
    times.push(Number((await desk.reached(payment)) - startedNs) / 1e6);
    if ((await held) !== "paid") throw new Error(`not paid: ${await held}`);
  }
  return times.toSorted((one, other) => one - other);
}

function round1(value: number): number {
  return Math.round(value * 10) / 10;
}
