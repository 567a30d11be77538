import { expect, test, vi } from "vitest";
import { openChangeScene, type ChangedRun } from "./change-scene.ts";

// Each command is a process of its own, beside a server and its database.
vi.setConfig({ testTimeout: 120_000 });

type Scene = Awaited<ReturnType<typeof openChangeScene>>;

const permit = `@id("pay/all") permit (principal, action, resource);\n`;
const ask = `@id("pay/ask") @ask("Payments are looked at.") @approvers("role:approver")
forbid (principal, action == Action::"bank__pay", resource) unless { context.approval.granted };\n`;
const forbid = `@id("pay/never") @reason("Payments are over.")
forbid (principal, action == Action::"bank__pay", resource);\n`;
const askAgain = `@id("pay/again") @ask("All of it is looked at once more.") @approvers("role:approver")
forbid (principal, action in Action::"write", resource) unless { context.approval.granted };\n`;

const before = { instructions: "You pay.", temperature: 0.5, maxTokens: 100 };
const after = { instructions: "You pay, and say so.", temperature: 1, maxTokens: 200 };

const isWaiting = ({ waits }: ChangedRun) => waits.length > 0;
const isOver = ({ state }: ChangedRun) => state === "completed" || state === "failed";
const waitsAnew = (first: ChangedRun) => (run: ChangedRun) =>
  isOver(run) || (isWaiting(run) && run.waits[0]!.approval !== first.waits[0]!.approval);

/** Which bundle the events of a run name, and which one the intents in its receipts were made under. */
async function readBundles({ read }: Scene, id: string) {
  const { events } = (await read(`/v1/runs/${id}/events?limit=500`)) as {
    readonly events: readonly { readonly event: Record<string, unknown> }[];
  };
  const entries = events.flatMap(({ event }) =>
    event["type"] === "call.started" ? [String(event["entry"])] : [],
  );
  const receipts = await Promise.all(entries.map((entry) => read(`/v1/receipts/${entry}`)));
  const intents = receipts
    .flatMap(({ openings }) => openings as readonly { of: string; value: object }[])
    .filter(({ of }) => of === "intent");
  return {
    created: events[0]!.event["bundle"],
    acting: intents.map(({ value }) => {
      const { principal } = value as { principal: { actor: { bundle: string } } };
      return principal.actor.bundle;
    }),
  };
}

/** What the model was shown of the agent. */
function toShown({ asked }: Scene, index: number) {
  const { messages, temperature, max_completion_tokens: maxTokens, tools } = asked[index]!;
  return {
    instructions: messages[0]!.content,
    temperature,
    maxTokens,
    tools: tools.map((tool) => `${tool.function.name}: ${tool.function.description}`),
  };
}

test("I7: a run that waits for a person ends on the bundle it began with, while a new one has the new one", async () => {
  const scene = await openChangeScene({ rules: permit + ask, agent: before });
  const old = await scene.build();
  const first = await scene.start();
  const waiting = await scene.until(first, isWaiting);
  expect(waiting.bundle).toBe(old);

  await scene.redefineLook("Looks, and says what it saw.");
  await scene.change({ rules: permit + ask, agent: after });
  const now = await scene.build();
  const { out } = await scene.good("bundle", "diff", old, "clerk");
  expect(out).toMatch(/maxTokens 100 → 200/);
  expect(out).toMatch(/temperature 0\.5 → 1/);
  expect(out).toMatch(/instructions changed/);
  expect(out).toMatch(/tool bank__look: definition sha256:/);

  // It still waits for the very same yes, which is good.
  expect(await scene.show(first)).toEqual(waiting);
  expect(await scene.approve(waiting)).toMatchObject({ code: 0 });
  const ended = await scene.until(first, isOver);
  expect(ended).toMatchObject({ state: "completed", output: "It is paid.", bundle: old });
  expect(scene.sent()).toBe(1);

  const second = await scene.start();
  const next = await scene.until(second, isWaiting);
  expect(next.bundle).toBe(now);
  expect(await scene.approve(next)).toMatchObject({ code: 0 });
  expect(await scene.until(second, isOver)).toMatchObject({ state: "completed", bundle: now });
  expect(scene.sent()).toBe(2);

  expect(await readBundles(scene, first)).toEqual({ created: old, acting: [old] });
  expect(await readBundles(scene, second)).toEqual({ created: now, acting: [now] });
  // What is accepted now is not what it began with: it is not offered any more.
  expect([0, 1].map((index) => toShown(scene, index))).toEqual([
    { ...before, tools: ["bank__look: Looks.", "bank__pay: Pays."] },
    { ...before, tools: ["bank__pay: Pays."] },
  ]);
  expect([2, 3].map((index) => toShown(scene, index))).toEqual(
    [2, 3].map(() => ({
      ...after,
      tools: ["bank__look: Looks, and says what it saw.", "bank__pay: Pays."],
    })),
  );
});

test("I7: policy that forbids meanwhile holds under a run that keeps its bundle, whatever was approved", async () => {
  const scene = await openChangeScene({ rules: permit + ask, agent: before });
  const id = await scene.start();
  const waiting = await scene.until(id, isWaiting);
  await scene.change({ rules: permit + ask + forbid, agent: before });
  // Whoever looks at it may not know of the change: their yes is good for nothing.
  expect(await scene.approve(waiting)).toMatchObject({ code: 0 });
  const ended = await scene.until(id, isOver);
  expect(ended).toMatchObject({ output: "It is not paid.", bundle: waiting.bundle });
  expect(ended.calls).toMatchObject([{ tool: "bank__pay", state: "denied" }]);
  expect(scene.sent()).toBe(0);
});

test("I7: policy that asks for more meanwhile is asked under a run that keeps its bundle, and one that asks for less is not", async () => {
  const scene = await openChangeScene({ rules: permit + ask, agent: before });
  const id = await scene.start();
  const first = await scene.until(id, isWaiting);
  await scene.change({ rules: permit + ask + askAgain, agent: before });
  expect(await scene.approve(first)).toMatchObject({ code: 0 });
  const second = await scene.until(id, waitsAnew(first));
  expect(second).toMatchObject({ state: "waiting", bundle: first.bundle });
  expect(scene.sent()).toBe(0);
  // Nobody is asked any more now, but the run began when somebody was.
  await scene.change({ rules: permit, agent: before });
  expect(await scene.approve(second)).toMatchObject({ code: 0 });
  const third = await scene.until(id, waitsAnew(second));
  expect(third).toMatchObject({ state: "waiting", bundle: first.bundle });
  expect(scene.sent()).toBe(0);
  expect(await scene.approve(third)).toMatchObject({ code: 0 });
  expect(await scene.until(id, isOver)).toMatchObject({ output: "It is paid." });
  expect(scene.sent()).toBe(1);
  const free = await scene.start();
  expect(await scene.until(free, isOver)).toMatchObject({ output: "It is paid." });
  expect(scene.sent()).toBe(2);
});
