import type { Freeze } from "../pages/settings/freeze-words.ts";
import type { MockAnswer, MockRoute } from "./mock-route.ts";
import { ago } from "./mock-world.ts";

let freezes: readonly Freeze[] = [
  {
    kind: "server",
    name: "files",
    reason: "Two runs overwrote the same report; looking into it.",
    by: "grace",
    at: ago(26 * 60_000),
    lifted: null,
  },
];

type Named = Pick<Freeze, "kind" | "name">;
const isHeld = (each: Freeze, { kind, name }: Named) =>
  each.lifted === null && each.kind === kind && each.name === name;

function freeze({ kind, name, reason }: Named & Pick<Freeze, "reason">): MockAnswer {
  const changed = !freezes.some((each) => isHeld(each, { kind, name }));
  const at = new Date().toISOString();
  if (changed) freezes = [{ kind, name, reason, by: "ada", at, lifted: null }, ...freezes];
  return { body: { kind, name, changed, known: true, meant: null } };
}

function lift({ kind, name }: Named): MockAnswer {
  const changed = freezes.some((each) => isHeld(each, { kind, name }));
  const lifted = { by: "ada", at: new Date().toISOString() };
  freezes = freezes.map((each) => (isHeld(each, { kind, name }) ? { ...each, lifted } : each));
  return { body: { kind, name, changed, known: true, meant: null } };
}

export const freezeMocks: readonly MockRoute[] = [
  { method: "GET", path: "/v1/freezes", answer: () => ({ body: { freezes } }) },
  { method: "POST", path: "/v1/freezes", answer: ({ body }) => freeze(body as Freeze) },
  { method: "POST", path: "/v1/freezes/lift", answer: ({ body }) => lift(body as Named) },
];
