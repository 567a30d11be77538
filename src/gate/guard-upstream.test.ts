import { expect, test } from "vitest";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { emptyLeakScan, type LeakScan } from "../ports/leak-scan.ts";
import { bareStamp } from "../model/sandbox.ts";
import type { Upstream, UpstreamAnswer, UpstreamRequest } from "../ports/upstream.ts";
import { Fault } from "../model/index.ts";
import { createGuard, GuardedUpstream } from "./guard-upstream.ts";

const secret = "the-value";
const scan: LeakScan = {
  isEmpty: false,
  find: (text) => (text.includes(secret) ? [{ name: "env://A", spelling: "plain" }] : []),
  redact: (text) => text.replaceAll(secret, "[redacted]"),
};

function open(given: Partial<Upstream>, known: LeakScan = scan) {
  const telemetry = createInMemoryTelemetry({ clock: createManualClock(0) });
  const guard = createGuard({ scan: known, telemetry });
  const upstream: Upstream = {
    facts: { era: "modern", version: "1", serverInfo: null, capabilities: {}, instructions: null },
    sandbox: () => bareStamp,
    outstanding: 3,
    send: () => Promise.reject(new Error("nothing to say")),
    watch: async () => undefined,
    close: async () => undefined,
    ...given,
  };
  return { telemetry, guard, upstream, guarded: new GuardedUpstream(upstream, guard) };
}

const request = { onNotification: () => undefined } as unknown as UpstreamRequest;
const sayLater = (answer: UpstreamAnswer) => ({ send: async () => answer });

test("while no secret is known, the very request and the very answer pass", async () => {
  const answer = { kind: "result", text: "{}", value: {} } as const;
  const seen: UpstreamRequest[] = [];
  const send = async (one: UpstreamRequest) => (seen.push(one), answer);
  const { guarded, upstream } = open({ send }, emptyLeakScan);
  expect(await guarded.send(request)).toBe(answer);
  expect(seen[0]).toBe(request);
  expect([guarded.facts, guarded.outstanding]).toEqual([upstream.facts, 3]);
});

test("an answer without a secret is the same object still", async () => {
  const answer = { kind: "result", text: "{}", value: {} } as const;
  expect(await open(sayLater(answer)).guarded.send(request)).toBe(answer);
});

test("I9: what a server says of itself is cleaned, too", () => {
  const facts = {
    era: "legacy" as const,
    version: "1",
    serverInfo: { name: secret, version: "1" },
    capabilities: { [secret]: {} },
    instructions: `Use ${secret}.`,
  };
  expect(open({ facts }).guarded.facts).toEqual({
    era: "legacy",
    version: "1",
    serverInfo: { name: "[redacted]", version: "1" },
    capabilities: { "[redacted]": {} },
    instructions: "Use [redacted].",
  });
});

test("I9: a fault keeps its code and loses the secret, its cause and its stack with it", async () => {
  const cause = new Error(`could not parse ${secret}`);
  const fault = new Fault("upstream_garbled", "no answer", { cause, details: { said: secret } });
  const { guarded, telemetry } = open({ send: () => Promise.reject(fault) });
  const thrown: unknown = await guarded.send(request).catch((error: unknown) => error);
  expect(thrown).toMatchObject({ code: "upstream_garbled", details: { said: "[redacted]" } });
  telemetry.log("error", "it failed", { fault: thrown });
  expect(telemetry.lines.join()).not.toContain(secret);
  const other = new Fault("upstream_lost", "gone");
  const plain = open({ send: () => Promise.reject(other) }).guarded;
  expect(await plain.send(request).catch((error: unknown) => error)).toBe(other);
});

test("an answer that is nothing but a secret is a fault, not a broken answer", async () => {
  const known = { ...scan, redact: () => '"[redacted]"' };
  const answer = { kind: "result", text: `{"a":"${secret}"}`, value: { a: secret } } as const;
  await expect(open(sayLater(answer), known).guarded.send(request)).rejects.toMatchObject({
    code: "upstream_garbled",
  });
});

test("I9: what a server says to a request for changes is cleaned, too", async () => {
  const watch = () => Promise.reject(new Fault("upstream_garbled", `no ${secret}`));
  await expect(open({ watch }).guarded.watch([])).rejects.toMatchObject({
    code: "upstream_garbled",
    message: "no [redacted]",
  });
});

test("where the program runs is told as it is", () => {
  expect(open({}).guarded.sandbox!()).toBe(bareStamp);
  expect(open({ sandbox: null }).guarded.sandbox).toBeNull();
});
