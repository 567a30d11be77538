import { expect, test, vi } from "vitest";
import { readOwnOutcome } from "../../src/mcp/own-outcome.ts";
import { fromEntryBytes } from "../../src/model/index.ts";
import type { GateAnswer, RunOfCall } from "../../src/ports/gate.ts";
import { allowAll, openRunScene, permitAll, toRules, travel } from "./run-scene.ts";

vi.setConfig({ testTimeout: 30_000 });

const asking = (
  tool: string,
) => `${permitAll}@id("look") @ask("Looked at.") @approvers("role:finance")
forbid (principal, action == Action::"bank__${tool}", resource) unless { context.approval.granted };\n`;

type Scene = Awaited<ReturnType<typeof openRunScene>>;

/** As a run reads a source of its context. */
function readAsSource(scene: Scene, tool: string, rules: RunOfCall["rules"] = null) {
  const worker = scene.worker();
  const commit = vi.fn<RunOfCall["commit"]>();
  const run: RunOfCall = {
    run: worker.run,
    step: 0,
    ordinal: 64,
    facts: { step: 0, calls: 0, spentMicros: 0 },
    isSource: true,
    previous: () => null,
    pin: scene.toolOf(tool).pin,
    rules,
    commit,
  };
  const answer = scene.call({ worker, tool, args: {}, more: { run } });
  return { run: worker.run, commit, answer: answer.catch((fault: unknown) => fault as GateAnswer) };
}

test("I3: a source that a rule asks about is refused with the rule, and nobody is asked", async () => {
  for (const where of ["in force", "in the bundle"]) {
    const scene = await openRunScene({ rules: where === "in force" ? asking("look") : permitAll });
    const rules = where === "in force" ? null : toRules(asking("look"));
    const { answer, commit, run } = readAsSource(scene, "bank__look", rules);
    const said = await answer;
    expect(readOwnOutcome(said)).toMatchObject({ outcome: "asks" });
    expect(said).toMatchObject({ isError: true, text: expect.stringContaining("by rule") });
    expect(readOwnOutcome(said)?.approval).toBeUndefined();
    expect(scene.sent()).toEqual([]);
    expect(commit).not.toHaveBeenCalled();
    const asked = await scene.store.approvals.list(travel.tenant, { limit: 10 });
    expect(asked).toEqual([]);
    const page = await scene.store.entries.page(travel.tenant, { after: 0n, limit: 10 });
    expect(page.map(({ bytes }) => fromEntryBytes(bytes))).toMatchObject([
      { kind: "outcome", run, of: null, outcome: "denied", tool: "look" },
    ]);
  }
});

test("I4: what does more than read is no source, whatever the rules allow", async () => {
  const scene = await openRunScene(allowAll);
  const { answer, commit } = readAsSource(scene, "bank__pay");
  expect(await answer).toMatchObject({ code: "tool_blocked" });
  expect(scene.sent()).toEqual([]);
  expect(commit).not.toHaveBeenCalled();
  expect(await readAsSource(scene, "bank__look").answer).toMatchObject({ kind: "result" });
});
