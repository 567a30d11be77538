import { randomBytes } from "node:crypto";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { fromEntryBytes, type RunId, type TenantId } from "../../src/model/index.ts";
import { createInMemoryBus } from "../../src/ports/in-memory-bus.ts";
import { createInMemoryErrands, type ScriptedErrand } from "../../src/ports/in-memory-errands.ts";
import { createInMemoryStore } from "../../src/ports/in-memory-store.ts";
import { createInMemoryVault } from "../../src/ports/in-memory-vault.ts";
import type { Errand, Errands, WorkFile } from "../../src/ports/errands.ts";
import type { Sandboxes } from "../../src/ports/sandbox.ts";
import { toBytes } from "../conformance/store-values.ts";
import { callerKey, startGateOver, whenListed } from "../mcp/gate-under-test.ts";
import { createModernClient } from "../mcp/raw-clients.ts";
import { toRunId, travel } from "../mcp/run-scene.ts";
import { makeRequest } from "../made-up-call.ts";

export const lab = { transport: "workbench" };

export interface BenchOptions {
  readonly server?: object;
  /** Besides its servers. */
  readonly document?: object;
  readonly carryOut?: (
    errand: Errand,
    signal: AbortSignal,
  ) => ScriptedErrand | Promise<ScriptedErrand>;
  /** Instead of the function. */
  readonly errands?: Errands;
  readonly sandboxes?: Sandboxes;
  readonly store?: ReturnType<typeof createInMemoryStore>;
}

export interface Answered {
  readonly text: string;
  readonly isError: boolean;
  readonly workspace: { readonly before: string; readonly after: string } | undefined;
  /** Of the protocol, or of the gate. */
  readonly error: { readonly message: string; readonly data?: unknown } | undefined;
}

type Json = Record<string, unknown>;

/** A workbench behind a whole gate; a function of the test stands for what its programs do. */
export async function openBench(options: BenchOptions = {}) {
  const { server = {}, document = {}, sandboxes } = options;
  const errands = createInMemoryErrands(options.carryOut ?? (() => ({})));
  const store = options.store ?? createInMemoryStore({ enlist: () => undefined });
  const gate = await startGateOver(
    {
      store,
      vault: createInMemoryVault(systemClock),
      bus: createInMemoryBus(),
      sealingKey: randomBytes(32),
      owner: "this",
      values: {},
      errands: options.errands ?? errands,
      ...(sandboxes === undefined ? {} : { sandboxes }),
    },
    { servers: { lab: { ...lab, ...server } }, ...document },
  );
  await whenListed(gate);

  const answer = (): Json => ({ action: "cancel" });
  return {
    gate,
    store,
    errands,
    async call(tool: string, args: Json = {}, key = callerKey): Promise<Answered> {
      const client = createModernClient({ url: gate.url, answer, key });
      return toAnswered(
        await client.request("tools/call", { name: `lab__${tool}`, arguments: args }),
      );
    },
    /** As a run's worker asks, for that run. */
    async callOfRun(run: RunId, tool: string, args: Json, key?: string): Promise<Answered> {
      const _meta = key === undefined ? {} : { "dev.countersign/key": key };
      const answered = await gate.gate.gate.exchange(
        makeRequest({
          principal: travel,
          context: run,
          params: { name: `lab__${tool}`, arguments: args as never, _meta },
          argumentsText: JSON.stringify(args),
          run: {
            run,
            step: 0,
            ordinal: 0,
            facts: { step: 0, calls: 0, spentMicros: 0 },
            isFirst: false,
            previous: () => null,
            pin: null,
            rules: null,
            commit: (unit) => store.commit(unit),
          },
        }),
      );
      if (answered.kind === "error") return { ...nothing, error: answered.error };
      return toAnswered({ result: JSON.parse(answered.text) as Json });
    },
    async startRun(tenant = travel.tenant): Promise<RunId> {
      const run = toRunId();
      await store.runs.create({ run, tenant, events: [toBytes("{}")] });
      return run;
    },
    async entries() {
      const rows = await store.entries.page("default" as TenantId, { after: 0n, limit: 1_000 });
      return rows.map(({ bytes }) => fromEntryBytes(bytes));
    },
  };
}

const nothing = { text: "", isError: true, workspace: undefined, error: undefined };

function toAnswered({ result, error }: Json): Answered {
  if (result === undefined) return { ...nothing, error: error as Answered["error"] };
  const {
    content,
    isError = false,
    _meta,
  } = result as {
    readonly content: readonly { readonly text: string }[];
    readonly isError?: boolean;
    readonly _meta?: Json;
  };
  const workspace = _meta?.["dev.countersign/workspace"] as Answered["workspace"];
  return { text: content[0]!.text, isError, workspace, error: undefined };
}

export const toFile = (path: string, text: string): WorkFile => ({
  path,
  bytes: toBytes(text),
  isExecutable: false,
});

export const namesOf = ({ files }: Errand): readonly string[] => files.map(({ path }) => path);
