import { createPolicyDecider } from "../../src/gate/policy-decider.ts";
import { toDigest, toUuidV7, type Principal, type RunId } from "../../src/model/index.ts";
import { createPolicySet } from "../../src/policy/policy-set.ts";
import type { Decider } from "../../src/ports/decider.ts";
import type { GateAnswer, GateRequest, RunMoment, RunOfCall } from "../../src/ports/gate.ts";
import type { CommitOutcome, CommitUnit } from "../../src/ports/store.ts";
import { openAttackScene, type AttackOptions } from "../approvals/attack-scene.ts";
import { makeRequest } from "../made-up-call.ts";
import { read } from "../policy/facts.ts";

export const allowAll = { config: { policy: { rule: "allow-all" } } };
export const permitAll = '@id("all") permit (principal, action, resource);\n';

export const travel: Principal = {
  tenant: "default" as Principal["tenant"],
  kind: "user",
  subject: "ada",
  actor: { agent: "travel", bundle: toDigest("bundle") },
};

/** Rules as a bundle has them. */
export function toRules(text: string): Decider {
  return createPolicyDecider(createPolicySet(read(text)));
}

let made = 0;
export function toRunId(): RunId {
  made += 1;
  const bytes = Buffer.alloc(10);
  bytes.writeUInt32BE(made, 6);
  return toUuidV7(1_700_000_000_000, bytes) as RunId;
}

interface Committed {
  readonly unit: CommitUnit;
  readonly moment: RunMoment;
}

/** One worker's hold on a run: what it makes durable, until somebody else takes the run. */
export interface Worker {
  readonly run: RunId;
  readonly committed: Committed[];
  /** What it is told when it makes this kind of moment durable; absent: it has the run. */
  readonly fenced: Set<RunMoment["kind"]>;
}

export interface RunCall {
  readonly worker: Worker;
  readonly tool?: string;
  readonly args?: Readonly<Record<string, string | number>>;
  readonly step?: number;
  readonly ordinal?: number;
  readonly key?: string;
  readonly isFirst?: boolean;
  readonly pin?: RunOfCall["pin"];
  readonly rules?: Decider | null;
  readonly facts?: RunOfCall["facts"];
  readonly more?: Partial<GateRequest>;
}

/** A gate in front of a server that pays, asked by runs: their logs are what the test looks at. */
export async function openRunScene(options: AttackOptions = {}) {
  const scene = await openAttackScene(options);
  const { store, gate } = scene.gate;

  function toRun({ worker, pin = null, rules = null, ...more }: RunCall): RunOfCall {
    const { run, committed, fenced } = worker;
    const { step = 0, ordinal = 0, facts = { step, calls: 0, spentMicros: 0 } } = more;
    const { isFirst = false } = more;
    return {
      run,
      step,
      ordinal,
      facts,
      isFirst,
      previous: () => null,
      pin,
      rules,
      async commit(unit, moment): Promise<CommitOutcome> {
        if (fenced.has(moment.kind)) return { kind: "fenced", reason: "epoch" };
        const outcome = await store.commit(unit);
        if (outcome.kind === "committed") committed.push({ unit, moment });
        return outcome;
      },
    };
  }

  return {
    ...scene,
    store,
    worker: (run = toRunId()): Worker => ({ run, committed: [], fenced: new Set() }),
    call(given: RunCall): Promise<GateAnswer> {
      const { worker, tool = "bank__pay", args = { to: "ann", amount: 10 }, key, more } = given;
      const _meta = key === undefined ? {} : { "dev.countersign/key": key };
      const request = makeRequest({
        principal: travel,
        context: worker.run,
        params: { name: tool, arguments: args, _meta },
        argumentsText: JSON.stringify(args),
        run: toRun(given),
        ...more,
      });
      return gate.gate.exchange(request);
    },
    toolOf: (name: string) => gate.registry.catalog().toolsets.get("")!.tools.get(name)!,
  };
}
