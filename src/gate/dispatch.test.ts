import { expect, test } from "vitest";
import { makeDecided, makeRequest, makeServer } from "../../test/made-up-call.ts";
import { Fault } from "../model/index.ts";
import type { Connections } from "../ports/connections.ts";
import type { Credentials } from "../ports/credentials.ts";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { createSeededRandom } from "../ports/seeded-random.ts";
import type { UpstreamRequest } from "../ports/upstream.ts";
import type { AdmittedCall } from "./call.ts";
import { createDispatch } from "./dispatch.ts";

const credential = { kind: "client-credentials" } as never;
/** Nobody has to wait for another try. */
const clock = { ...createManualClock(0), sleep: () => Promise.resolve() };

const inTime = { notAfterMs: 60_000 };

interface Given {
  readonly connections: object;
  readonly credentials?: object;
  readonly server?: object;
  readonly life?: { readonly notAfterMs: number };
}

function open({ connections, credentials = {}, server = {}, life = inTime }: Given) {
  const dispatch = createDispatch({
    connections: connections as unknown as Connections,
    clock,
    random: createSeededRandom(1),
    telemetry: createInMemoryTelemetry({ clock }),
    freezes: { check: () => undefined },
    credentials: credentials as unknown as Credentials,
  });
  const made = makeServer("up");
  const { client, cancel } = makeRequest();
  const sending = {
    extra: "",
    key: null,
    client: client.capabilities,
    signal: cancel.signal,
    life,
    onNotification: () => undefined,
    onAsk: () => Promise.reject(new Error("nobody asks")),
    onCredential: () => undefined,
    onSandbox: () => undefined,
  };
  const ofServer = { ...made, config: { ...made.config, ...server } };
  return (idempotent: boolean) =>
    dispatch(
      { ...makeDecided({ idempotent }), server: ofServer } as unknown as AdmittedCall,
      sending,
    );
}

test("a consent that comes after a lost sending does not say that nothing was sent", async () => {
  const outcomes: unknown[] = [
    { kind: "ready", id: "one", headers: {} },
    { kind: "consent", url: "https://gate.example" },
  ];
  const lost = new Fault("upstream_lost", "The connection broke.");
  const upstream = { facts: { era: "modern" }, send: () => Promise.reject(lost) };
  const connections = { endpoints: () => ["https://up.example/mcp"], get: async () => upstream };
  const send = open({
    connections,
    credentials: { recall: () => outcomes.shift() },
    server: { credential },
  });
  await expect(send(true)).rejects.toBe(lost);
  expect(outcomes).toEqual([]);
});

type Send = (request: Pick<UpstreamRequest, "beforeWrite">) => Promise<never>;

function toConnections(send: Send) {
  const upstream = { facts: { era: "modern" }, send };
  return { endpoints: () => ["https://up.example/mcp"], get: async () => upstream };
}

test("I4: a call that is late when it could be written is not written, and says so", async () => {
  let written = 0;
  const connections = toConnections(async ({ beforeWrite }) => {
    beforeWrite();
    written += 1;
    throw new Error("it was written");
  });
  for (const server of [{}, { credential }]) {
    const credentials = { recall: () => ({ kind: "ready", id: "one", headers: {} }) };
    const send = open({ connections, credentials, server, life: { notAfterMs: 0 } });
    await expect(send(true)).rejects.toMatchObject({ code: "call_late" });
  }
  expect(written).toBe(0);
});

test("I4: a sending that is late after one that was lost does not say that nothing was sent", async () => {
  const lost = new Fault("upstream_lost", "The connection broke.");
  const life = { notAfterMs: 1 };
  let sendings = 0;
  const connections = toConnections(async ({ beforeWrite }) => {
    sendings += 1;
    beforeWrite();
    life.notAfterMs = 0;
    throw lost;
  });
  await expect(open({ connections, life })(true)).rejects.toBe(lost);
  expect(sendings).toBe(2);
});

test("I4: a server that fails while a connection is opened was sent nothing of the call", async () => {
  for (const code of ["upstream_lost", "upstream_garbled"] as const) {
    let opened = 0;
    const get = async () => {
      opened += 1;
      throw new Fault(code, "up.example failed (500).", { details: { status: 500 } });
    };
    const send = open({ connections: { endpoints: () => ["https://up.example/mcp"], get } });
    await expect(send(false)).rejects.toMatchObject({
      code: "upstream_unreachable",
      message: "up.example failed (500).",
      details: { status: 500 },
    });
    // So that it may be tried again, whatever its tool does.
    expect(opened).toBe(3);
  }
});

test("a deadline that fires long after its time says nothing of the tool, and one in time does", async () => {
  const late = new Fault("deadline_exceeded", "The call took longer than it may.");
  const connections = toConnections(() => Promise.reject(late));
  const stoodStill = open({ connections, life: { notAfterMs: -1_000 } });
  for (let count = 0; count < 4; count += 1) await expect(stoodStill(false)).rejects.toBe(late);
  const inItsTime = open({ connections, life: { notAfterMs: 0 } });
  for (let count = 0; count < 3; count += 1) await expect(inItsTime(false)).rejects.toBe(late);
  await expect(inItsTime(false)).rejects.toMatchObject({ code: "upstream_open" });
});
