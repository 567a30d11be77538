import { expect, test } from "vitest";
import { makeDecided, makeRequest, makeServer } from "../../test/made-up-call.ts";
import { Fault } from "../model/index.ts";
import type { Connections } from "../ports/connections.ts";
import type { Credentials } from "../ports/credentials.ts";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { createSeededRandom } from "../ports/seeded-random.ts";
import type { AdmittedCall } from "./call.ts";
import { createDispatch } from "./dispatch.ts";

const credential = { kind: "client-credentials" } as never;
/** Nobody has to wait for another try. */
const clock = { ...createManualClock(0), sleep: () => Promise.resolve() };

test("a consent that comes after a lost sending does not say that nothing was sent", async () => {
  const outcomes: unknown[] = [
    { kind: "ready", id: "one", headers: {} },
    { kind: "consent", url: "https://gate.example" },
  ];
  const lost = new Fault("upstream_lost", "The connection broke.");
  const upstream = { facts: { era: "modern" }, send: () => Promise.reject(lost) };
  const connections = { endpoints: () => ["https://up.example/mcp"], get: async () => upstream };
  const dispatch = createDispatch({
    connections: connections as unknown as Connections,
    clock,
    random: createSeededRandom(1),
    telemetry: createInMemoryTelemetry({ clock }),
    freezes: { check: () => undefined },
    credentials: { recall: () => outcomes.shift() } as unknown as Credentials,
  });
  const made = makeServer("up");
  const server = { ...made, config: { ...made.config, credential } };
  const call = { ...makeDecided({ idempotent: true }), server };
  const { client, cancel } = makeRequest();
  const sending = {
    extra: "",
    key: null,
    client: client.capabilities,
    signal: cancel.signal,
    onNotification: () => undefined,
    onAsk: () => Promise.reject(new Error("nobody asks")),
    onCredential: () => undefined,
  };
  await expect(dispatch(call as unknown as AdmittedCall, sending)).rejects.toBe(lost);
  expect(outcomes).toEqual([]);
});
