import { setTimeout as sleep } from "node:timers/promises";
import { obey } from "./obey.ts";
import type { Start } from "./orders.ts";
import {
  loadRuntime,
  stepsPerFlow,
  stepText,
  tickMs,
  type Meter,
  type Runtime,
} from "./runtime.ts";

/** What is used of `@dbos-inc/dbos-sdk`, as its documentation does. */
interface Dbos {
  setConfig(config: object): void;
  launch(): Promise<void>;
  registerWorkflow<Args extends unknown[], Result>(
    workflow: (...args: Args) => Promise<Result>,
    config: { readonly name: string },
  ): (...args: Args) => Promise<Result>;
  startWorkflow<Args extends unknown[], Result>(
    workflow: (...args: Args) => Promise<Result>,
    options: { readonly workflowID: string },
  ): (...args: Args) => Promise<{ getResult(): Promise<Result> }>;
  runStep<Result>(step: () => Promise<Result>, config: { readonly name: string }): Promise<Result>;
  send(workflow: string, message: string, topic: string): Promise<void>;
  recv(topic: string, timeoutSeconds: number): Promise<string | null>;
}

const { DBOS } = await loadRuntime<{ readonly DBOS: Dbos }>("@dbos-inc/dbos-sdk");

async function open({ urls: [url] }: Start, meter: Meter): Promise<Runtime> {
  const parked = new Map<string, () => void>();
  const step = (id: string, at: number): Promise<string> =>
    DBOS.runStep(
      async () => {
        meter.stepped(id);
        return `${at} ${stepText}`;
      },
      { name: "step" },
    );
  const twenty = DBOS.registerWorkflow(
    async (id: string) => {
      for (let at = 0; at < stepsPerFlow; at += 1) await step(id, at);
    },
    { name: "twenty" },
  );
  const waiting = DBOS.registerWorkflow(
    async (id: string) => {
      parked.get(id)?.();
      await DBOS.recv("go", 86_400);
      meter.wentOn(id);
    },
    { name: "waiting" },
  );
  const ticking = DBOS.registerWorkflow(
    async () => {
      for (;;) {
        await DBOS.runStep(
          async () => {
            await sleep(tickMs);
            meter.ticked();
            return stepText;
          },
          { name: "tick" },
        );
      }
    },
    { name: "ticking" },
  );
  const logger = {
    debug() {},
    info() {},
    warn() {},
    error: (line: unknown) => console.error(line),
  };
  DBOS.setConfig({
    name: "bench",
    systemDatabaseUrl: url,
    applicationVersion: "1",
    executorID: "bench",
    enableOTLP: false,
    logger,
  });
  await DBOS.launch();
  return {
    async flow(_flow, id) {
      const handle = await DBOS.startWorkflow(twenty, { workflowID: id })(id);
      await handle.getResult();
    },
    async park(id) {
      const { promise, resolve } = Promise.withResolvers<void>();
      parked.set(id, resolve);
      await DBOS.startWorkflow(waiting, { workflowID: id })(id);
      await promise;
      parked.delete(id);
    },
    signal: (id) => DBOS.send(id, "now", "go"),
    tick: async () => void (await DBOS.startWorkflow(ticking, { workflowID: "tick" })()),
  };
}

await obey(open);
