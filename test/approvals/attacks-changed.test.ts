import { describe, expect, test, vi } from "vitest";
import { starterRules } from "../../src/model/starter-rules.ts";
import { openAttackScene, paying, type AttackScene, type Json } from "./attack-scene.ts";
import { ways } from "./call-ways.ts";

vi.setConfig({ testTimeout: 20_000 });

const asking = `@id("wipes-ask")
@ask("Destruction is decided by a person.")
forbid (principal, action in Action::"destructive", resource)
unless { context.approval.granted };`;

/** What changes between the asking and the use, and what somebody who comes back with state hears. */
const changes: Readonly<Record<string, readonly [(scene: AttackScene) => Promise<void>, string]>> =
  {
    "a rule of the slice": [
      ({ apply }) =>
        apply(`${starterRules}\n@id("one-more")\npermit (principal, action, resource);`),
      "changed",
    ],
    "a rule that now says no": [
      ({ apply }) =>
        apply(
          `${starterRules}\n@id("no-pay")\nforbid (principal, action, resource) when { true };`,
        ),
      "denied",
    ],
    "a default in the schema": [
      ({ become }) => become(paying({}, { currency: { type: "string", default: "USD" } })),
      "-32602",
    ],
    "the description of the tool": [
      ({ become }) => become(paying({ description: "Pays somebody else." })),
      "-32602",
    ],
    "its effect, which is destructive by now": [
      ({ apply }) => {
        const more = `@id("wipes")\npermit (principal, action in Action::"destructive", resource);\n${asking}`;
        return apply(`${starterRules}\n${more}`, {
          bank: { tools: { pay: { effect: "destructive" } } },
        });
      },
      "changed",
    ],
  };

async function only({ waiting }: AttackScene) {
  const [one, ...others] = await waiting();
  expect(others).toEqual([]);
  return one!;
}

describe.each(ways)("I3: what changed after it was asked for voids a yes, by $name", (way) => {
  test.each(Object.entries(changes))("%s", async (_, [change, heard]) => {
    const scene = await openAttackScene();
    const args: Json = { to: "ann", amount: 1 };
    const ended = await way.call(scene.gate.url, {
      args,
      onAsked: async () => {
        const one = await only(scene);
        // A call that waits goes on with the yes: for it the change comes first.
        if (way.waits) await change(scene);
        await scene.decide(one);
        if (!way.waits) await change(scene);
      },
    });
    expect(scene.sent()).toEqual([]);
    if (way.waits) expect(["asks", "voided", "changed", "-32042", "denied"]).toContain(ended);
    else if (way.forgets) expect(ended).toBe(heard === "denied" ? "denied" : "asks");
    else expect(ended).toBe(heard);
  });
});
