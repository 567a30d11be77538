import { fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import type { Flows, Order, Said, Signals, Start, Use } from "./orders.ts";

/** A worker process of one runtime. */
export interface Worker {
  readonly pid: number;
  /** When it said that it is ready, on the clock of this process. */
  readonly readyMs: number;
  flows(order: Omit<Extract<Order, { op: "flows" }>, "op">): Promise<Flows>;
  signals(order: Omit<Extract<Order, { op: "signals" }>, "op">): Promise<Signals>;
  park(count: number): Promise<void>;
  tick(): Promise<void>;
  use(): Promise<Use>;
  /** Resolves with the time of the next step of the workflow that goes on and on. */
  ticked(): Promise<number>;
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** What takes longer has gone wrong. */
const answerWithinMs = 180_000;

/** A worker has nothing of ours in its environment but where things are; and nobody is phoned. */
const quiet = {
  DO_NOT_TRACK: "1",
  SCARF_ANALYTICS: "false",
  DBOS_DISABLE_TELEMETRY: "1",
  RESTATE_LOGGING: "ERROR",
};

export async function startWorker(program: string, start: Start): Promise<Worker> {
  const child = fork(path.join(import.meta.dirname, program), [JSON.stringify(start)], {
    execArgv: ["--expose-gc"],
    env: { ...process.env, ...quiet },
    stdio: ["ignore", 2, 2, "ipc"],
  });
  const ended = once(child, "exit");
  const onExit = (): void => void child.kill("SIGKILL");
  process.once("exit", onExit);
  let answered: ((said: Said) => void) | null = null;
  let ticked: ((atMs: number) => void) | null = null;
  child.on("message", (said: Said) => {
    if (said.kind === "ticked") ticked?.(performance.now());
    else answered?.(said);
  });
  const answer = async (): Promise<unknown> => {
    const { promise, resolve } = Promise.withResolvers<Said | "ended" | "late">();
    answered = resolve;
    void ended.then(() => resolve("ended"));
    const late = setTimeout(() => resolve("late"), answerWithinMs);
    const said = await promise;
    clearTimeout(late);
    if (said === "ended" || said === "late") throw new Error(`${program}: ${said}`);
    if (said.kind === "failed") throw new Error(`${program}: ${said.reason}`);
    return said.kind === "answer" ? said.answer : undefined;
  };
  const tell = (order: Order): Promise<unknown> => {
    child.send(order);
    return answer();
  };
  await answer();
  return {
    pid: child.pid!,
    readyMs: performance.now(),
    flows: async (order) => (await tell({ op: "flows", ...order })) as Flows,
    signals: async (order) => (await tell({ op: "signals", ...order })) as Signals,
    park: async (count) => void (await tell({ op: "park", count })),
    tick: async () => void (await tell({ op: "tick" })),
    use: async () => (await tell({ op: "use" })) as Use,
    ticked: () => new Promise((resolve) => (ticked = resolve)),
    async kill() {
      process.off("exit", onExit);
      child.kill("SIGKILL");
      await ended;
    },
    async stop() {
      process.off("exit", onExit);
      child.disconnect();
      const late = setTimeout(() => child.kill("SIGKILL"), 5_000);
      await ended;
      clearTimeout(late);
    },
  };
}
