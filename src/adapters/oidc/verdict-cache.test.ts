import { expect, test } from "vitest";
import type { TenantId } from "../../model/index.ts";
import { createManualClock } from "../../ports/manual-clock.ts";
import type { ProvenToken } from "../../ports/token-verifier.ts";
import { createVerdictCache } from "./verdict-cache.ts";

const proven: ProvenToken = {
  kind: "proven",
  issuer: "https://idp.example",
  principal: { tenant: "acme" as TenantId, kind: "user", subject: "alice", actor: null },
  scopes: [],
  roles: [],
  audiences: [],
  expiresAtMs: 1_000,
  id: null,
};

test("beyond its capacity the one goes that was asked for least recently", () => {
  const cache = createVerdictCache({ clock: createManualClock(0), capacity: 3 });
  const keep = (token: string): void =>
    cache.keep(token, { proven, untilMs: 1_000, isCurrent: () => true });
  const held = (tokens: string): string =>
    tokens
      .split("")
      .filter((token) => cache.recall(token) !== null)
      .join("");
  for (const token of "abc") keep(token);
  expect(cache.recall("a")).toBe(proven);
  keep("d");
  expect(held("bcda")).toBe("cda");
  for (let index = 0; index < 100; index += 1) keep(`token ${index}`);
  expect(held("abcd")).toBe("");
});

test("what is not current is not said, and is said again once it is", () => {
  const clock = createManualClock(0);
  const cache = createVerdictCache({ clock, capacity: 3 });
  let isCurrent = true;
  cache.keep("a", { proven, untilMs: 1_000, isCurrent: () => isCurrent });
  isCurrent = false;
  expect(cache.recall("a")).toBe(null);
  isCurrent = true;
  expect(cache.recall("a")).toBe(proven);
  clock.advance(1_000);
  expect(cache.recall("a")).toBe(null);
});
