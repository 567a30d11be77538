import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { createAuthority, type Issued } from "../../test/abuse/certificates.ts";
import { createTlsServer, listProvenNames, type ServerTls } from "./tls.ts";

const telemetry = { count: () => {}, observe: () => {}, gauge: () => {}, log: vi.fn() };
const read = (file: string): string => readFileSync(file, "utf8");
const toTls = (issued: Issued, clients: string | null): ServerTls => ({
  certificate: read(issued.certificate),
  key: read(issued.key),
  clients,
});

/** Looks again when the test says so. */
async function open(first: ServerTls) {
  let current = first;
  let look: () => void = () => undefined;
  const held: (() => void)[] = [];
  const nowMs = Date.now();
  const clock = {
    nowMs: () => nowMs,
    monotonicMs: () => 0,
    sleep: () => new Promise<void>((resolve) => void (look = resolve)),
  };
  const tls = await createTlsServer(
    { read: async () => current, clock, telemetry },
    {},
    (incoming, outgoing) => {
      const answer = () => void outgoing.end(JSON.stringify(listProvenNames(incoming, nowMs)));
      if (incoming.url === "/slow") held.push(answer);
      else answer();
    },
  );
  await new Promise<void>((resolve) => tls.server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    tls.close();
    tls.server.closeAllConnections();
    tls.server.close();
  });
  const { port } = tls.server.address() as AddressInfo;
  const renew = async (next: ServerTls): Promise<void> => {
    const logged = telemetry.log.mock.calls.length;
    current = next;
    look();
    await vi.waitFor(() => expect(telemetry.log.mock.calls.length).toBeGreaterThan(logged));
  };
  return { port, renew, held };
}

function connectAs(port: number, { certificate, key }: Issued) {
  const proof = { cert: read(certificate), key: read(key) };
  const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false, ...proof });
  onTestFinished(() => agent.destroy());
  return (path: string) =>
    new Promise<{ names: unknown; connection: unknown; from: unknown }>((resolve, reject) => {
      const sent = request({ host: "127.0.0.1", port, path, agent }, (response) => {
        const from = response.socket.localPort;
        let text = "";
        response.on("data", (chunk: Buffer) => void (text += chunk.toString()));
        response.on("end", () => {
          const { connection } = response.headers;
          resolve({ names: JSON.parse(text), connection, from });
        });
      });
      sent.on("error", reject).end();
    });
}

test("a connection of an authority that was removed proves nobody, and is closed", async () => {
  const [ours, theirs] = [createAuthority("ours"), createAuthority("theirs")];
  const gate = ours.issue("gate.test");
  const [a, b] = [read(ours.certificate), read(theirs.certificate)];
  const { port, renew, held } = await open(toTls(gate, a));
  const get = connectAs(port, ours.issue("agent.test"));
  const first = await get("/");
  expect(first).toMatchObject({ names: ["DNS:agent.test"], connection: "keep-alive" });

  // One that joins shuts out nobody, on no connection.
  await renew(toTls(gate, `${a}\n${b}`));
  expect(await get("/")).toEqual(first);

  const slow = get("/slow");
  await vi.waitFor(() => expect(held).toHaveLength(1));
  await renew(toTls(gate, b));
  held[0]!();
  // Its head is written by what held when it came.
  expect(await slow).toMatchObject({ names: [], from: first.from });
  const next = await get("/");
  expect(next).toMatchObject({ names: [], connection: "close" });
  const fresh = await get("/");
  expect([fresh.names, fresh.connection]).toEqual([[], "keep-alive"]);
  expect(fresh.from).not.toBe(first.from);
  expect(await connectAs(port, theirs.issue("agent.test"))("/")).toMatchObject({
    names: ["DNS:agent.test"],
  });
});

test("what cannot be read is refused by name, at start and later", async () => {
  const ours = createAuthority("ours");
  const [gate, other] = [ours.issue("gate.test"), ours.issue("other.test")];
  const good = toTls(gate, null);
  for (const bad of [
    { ...good, certificate: "nope" },
    { ...good, key: "nope" },
    { ...good, key: read(other.key) },
    { ...good, clients: "nope" },
    { ...good, clients: good.certificate.replace(/[A-Z]{3}/g, "AAA") },
  ]) {
    await expect(open(bad)).rejects.toMatchObject({ code: "config_invalid" });
  }
  const { port, renew } = await open(good);
  await renew({ ...good, certificate: "nope" });
  expect(telemetry.log).toHaveBeenLastCalledWith("error", expect.anything(), expect.anything());
  expect((await connectAs(port, other)("/")).names).toEqual([]);
});
