import { expect, onTestFinished, vi } from "vitest";
import type { RunId } from "../../src/model/index.ts";
import type { RunEvent } from "../../src/model/run-event.ts";
import { openAgentsScene, own, toTask, type Script } from "../mcp/agents-scene.ts";
import { permitAll } from "../mcp/run-scene.ts";

type Json = Record<string, unknown>;

const pays = 'action == Action::"bank__pay"';
export const asking = `${permitAll}@id("looked-at") @ask("Somebody looks at it.") @approvers("role:approver")
forbid (principal, ${pays}, resource) unless { context.approval.granted };\n`;

/** What the server says of flights, and what paying for one rests on and changes. */
export const tools = {
  look: {
    effect: "read",
    facts: [
      { key: "fare:{/item/id}", each: "/result/structuredContent/flights", value: "/item/price" },
    ],
  },
  pay: {
    needs: [{ fact: "fare:{/args/to}", same: "/args/amount", fresh: "30s" }],
    changes: ["seat:{/args/to}"],
  },
};

export const look = { tool: "bank__look", args: {} };
export const book = (amount: number, to = "LH900") => ({ tool: "bank__pay", args: { to, amount } });

interface SceneOptions {
  readonly rules?: string;
  readonly tools?: object;
}

/** A real gate, real runs and a server that sells seats: prices, and how long it takes, are the test's. */
export async function openFactsScene(options: SceneOptions = {}) {
  const prices: Record<string, number> = { LH900: 100, BA1: 200 };
  const held: (() => void)[] = [];
  const at = { isSlow: false, underWay: 0, most: 0 };
  const scene = await openAgentsScene({
    rules: options.rules ?? permitAll,
    bank: { tools: options.tools ?? tools },
    config: { approvals: { expire: "1h" } },
    onCall(call, outgoing) {
      const { name } = call["params"] as { name: string };
      const flights = Object.entries(prices).map(([id, price]) => ({ id, price }));
      const structuredContent = name === "look" ? { flights } : { booked: true };
      const answer = () => {
        at.underWay -= 1;
        outgoing.writeHead(200, { "content-type": "application/json" });
        const content = [{ type: "text", text: JSON.stringify(structuredContent) }];
        const result = { resultType: "complete", content, structuredContent };
        outgoing.end(JSON.stringify({ jsonrpc: "2.0", id: call["id"], result }));
      };
      at.underWay += 1;
      if (name === "pay") at.most = Math.max(at.most, at.underWay);
      if (name === "pay" && at.isSlow) held.push(answer);
      else answer();
    },
  });
  const { clock } = scene.gate.base;
  /** Runs that wait for a time are woken, as the worker's sweeper does. */
  const sweep = setInterval(() => void scene.store.runs.wakeDue(clock.nowMs(), 100), 20);
  onTestFinished(() => clearInterval(sweep));

  async function events(run: RunId): Promise<readonly RunEvent[]> {
    const rows = await scene.desk.events(own, run, { after: 0, limit: 500 });
    return rows.map(({ event }) => event);
  }
  const until = <Value>(check: () => Promise<Value> | Value): Promise<Value> =>
    vi.waitFor(check, { timeout: 20_000, interval: 20 });

  return {
    ...scene,
    prices,
    held,
    at,
    until,
    /** What the server was asked to do, without what it was only asked. */
    paid: () => scene.sent().filter((args) => Object.keys(args as Json).length > 0),
    begin: async (turns: Script["turns"] & object) => {
      const { run } = await scene.start({ input: toTask({ turns }) });
      return run;
    },
    async of<Type extends RunEvent["type"]>(run: RunId, type: Type) {
      return (await events(run)).filter(
        (event): event is Extract<RunEvent, { type: Type }> => event.type === type,
      );
    },
    /** How its calls ended, once it has. */
    async ended(run: RunId): Promise<readonly string[]> {
      await until(async () => {
        expect((await scene.desk.read(own, run)).state).toBe("completed");
      });
      expect(scene.faults).toEqual([]);
      const all = await events(run);
      return all.flatMap((event) => (event.type === "call.ended" ? [event.outcome] : []));
    },
    /** What its model was told in the end. */
    async words(run: RunId): Promise<string> {
      const { output } = await scene.desk.read(own, run);
      return output ?? "";
    },
    /** The one approval that waits, once it does. */
    asked: () =>
      until(async () => {
        const [one] = await scene.waiting();
        expect(one).toBeDefined();
        return one!;
      }),
    async stateOf(id: string): Promise<unknown> {
      return (await scene.tell(`approvals/${id}`)).body["state"];
    },
  };
}
