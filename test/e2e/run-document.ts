import { scaled } from "../scale.ts";

/** The configuration of agents that pay, and what the scripted model says. */

/** What a run is asked to do, and what it then pays, in this order. */
export const kinds = {
  plain: [{ tool: "pay_keyed" }, { tool: "pay_keyed" }],
  keyless: [{ tool: "pay_keyed" }, { tool: "pay" }, { tool: "pay_keyed" }],
  asked: [{ tool: "pay_keyed", asked: true }, { tool: "pay_keyed" }],
  bought: [{ tool: "pay", asked: true }],
  waiting: [{ tool: "pay_keyed" }, { tool: "pay_keyed" }],
} as const satisfies Readonly<Record<string, readonly Paying[]>>;
export type Kind = keyof typeof kinds;

interface Paying {
  readonly tool: "pay" | "pay_keyed";
  readonly asked?: boolean;
}

/** What two agents are asked for by a third one. */
export const pair = ["plain", "waiting"] as const satisfies readonly Kind[];

/**
 * A call in flight takes this long at most. In full it is shorter than a freeze, so that a thawed replica
 * has calls whose time is over.
 */
const timeout = `${scaled({ test: 20, prove: 5 })}s`;

const rules = `@id("pay/all") @reason("Payments are possible.")
permit (principal, action, resource);
@id("pay/ask") @ask("A person looks at this one.") @approvers("role:approver")
forbid (principal, action in [Action::"bank__pay", Action::"bank__pay_keyed"], resource)
when { context.args.asked }
unless { context.approval.granted };
`;

/** Its own of each run, with its kind: what the last of the reads said. */
const ticket = '{{ result "bank__ticket" "/ticket" }}-{{ result "bank__ticket" "/kind" }}';

const toPayment = (kind: Kind, index: number) => ({
  tool: `bank__${kinds[kind][index]!.tool}`,
  args: { payment: `${ticket}-${index + 1}`, asked: isAsked(kind, index) },
});

export function isAsked(kind: Kind, index: number): boolean {
  const paying: Paying = kinds[kind][index]!;
  return paying.asked ?? false;
}

/** Reads side by side, then payments one after the other, then a word of how it ended. */
export function toScript(): object {
  const all = Object.keys(kinds) as Kind[];
  const agents = { last: "tool", tool: "agents__clerk" };
  const waiting = { tool: "bank__pay_keyed", contains: "-waiting-1" };
  return {
    name: "clerk",
    turns: [
      {
        when: { last: "user", contains: "both" },
        calls: pair.map((kind) => ({ tool: "agents__clerk", args: { task: kind } })),
      },
      { when: agents, say: "Both are done." },
      ...all.map((kind) => ({
        when: { last: "user", contains: kind },
        calls: [1, 2, 3].map(() => ({ tool: "bank__ticket", args: { kind } })),
      })),
      ...all.map((kind) => ({
        when: { tool: "bank__ticket", contains: `"kind":"${kind}"` },
        calls: kinds[kind]
          .map((_, index) => toPayment(kind, index))
          .slice(0, kind === "waiting" ? 1 : undefined),
      })),
      { when: waiting, calls: [{ tool: "run__wait", args: { seconds: 1.5 } }] },
      { when: { tool: "run__wait" }, calls: [toPayment("waiting", 1)] },
      { when: { last: "tool" }, say: `Paid for ${ticket}` },
    ],
  };
}

interface Places {
  readonly bank: string;
  readonly store: object;
  readonly checkpoints: string;
}

export function toDocument({ bank, store, checkpoints }: Places): object {
  const agent = { model: "model", instructions: "Pay what you are told to pay." };
  return {
    version: 1,
    policy: { rules: { pay: rules } },
    store,
    auth: { callers: { payer: { key: "env://CALLER_KEY" } } },
    ledger: { checkpoints },
    servers: {
      bank: {
        transport: "http",
        url: bank,
        private: true,
        labels: ["trusted"],
        tools: {
          ticket: { timeout, effect: "read" },
          pay: { timeout },
          pay_keyed: { timeout, idempotencyKey: "example.com/payment-key" },
        },
      },
    },
    models: {
      backends: {
        scripted: { kind: "scripted", script: "script.json", prices: { input: "0", output: "0" } },
      },
      routes: { model: [[{ backend: "scripted" }]] },
    },
    agents: {
      clerk: { ...agent, description: "Pays.", waits: true },
      lead: { ...agent, description: "Has others pay.", agents: ["clerk"], tools: [] },
    },
  };
}
