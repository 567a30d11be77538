import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { connect, createServer, type ConnectionOptions } from "node:tls";
import { onTestFinished } from "vitest";
import { createInstanceAuthority } from "../../src/adapters/egress/instance-authority.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import { createManualClock } from "../../src/ports/manual-clock.ts";
import { SecretValue } from "../../src/ports/secrets.ts";
import { createAuthority } from "./certificates.ts";
import { connectHead, connectTo, startGate, type GateSetting } from "./egress-under-test.ts";

export const host = "api.example.com";
export const secret = "s3cr3t-value/of+the=host";
export const placeholder = `countersign-placeholder-${"0123456789abcdef".repeat(2)}`;

export interface Shown {
  readonly cert: string;
  readonly key: string;
}

/** What a host may show, and whom one has to trust to take it. */
export function issueBy(name: string, subject = host): { shown: Shown; trusted: string } {
  const authority = createAuthority(name);
  const { certificate, key } = authority.issue(subject);
  const shown = { cert: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8") };
  return { shown, trusted: readFileSync(authority.certificate, "utf8") };
}

/** One that was valid for a day, some days ago. */
export function issueExpired(): { shown: Shown; trusted: string } {
  const clock = createManualClock(systemClock.nowMs() - 5 * 86_400_000);
  const authority = createInstanceAuthority({ hosts: [host], clock, random: systemRandom });
  const { certificate: cert, key } = authority.identify(host);
  return { shown: { cert, key }, trusted: authority.certificate };
}

/** A host that keeps what it hears, and answers once a head is whole. */
export async function startHost(shown: Shown, answer: (heard: string) => readonly string[] = ok) {
  const heard: string[] = [];
  const server = createServer({ ...shown, ALPNProtocols: ["h2", "http/1.1"] }, (socket) => {
    const at = heard.push("") - 1;
    let isAnswered = false;
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      heard[at] += chunk.toString("latin1");
      if (isAnswered || !heard[at]!.includes("\r\n\r\n")) return;
      isAnswered = true;
      const parts = answer(heard[at]!);
      const say = (index: number): void => {
        if (index === parts.length) return;
        socket.write(Buffer.from(parts[index]!, "latin1"));
        setImmediate(say, index + 1);
      };
      say(0);
      if (!parts[0]!.startsWith("HTTP/1.1 101")) setTimeout(() => socket.end(), 60);
    });
  });
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, heard };
}
const ok = () => ["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", "ok"];

/** A gate of one sandbox with a credential for that host. */
export async function startBound(
  port: number,
  trusted: string,
  setting: Partial<GateSetting> = {},
) {
  const place = `${host}:${port}`;
  const credentials = [{ name: "API_TOKEN", place, placeholder, secret: new SecretValue(secret) }];
  const gate = await startGate({
    rules: [place],
    credentials,
    trusted: [trusted],
    nowMs: systemClock.nowMs(),
    ...setting,
  });
  return { ...gate, place };
}
type Bound = Awaited<ReturnType<typeof startBound>>;

/** Speaks TLS through the gate, as a program does, and gives all that it hears until the end. */
export async function speak(
  gate: Pick<Bound, "port" | "place" | "egress">,
  said: string | readonly string[],
  options: ConnectionOptions = {},
): Promise<string> {
  const { socket, until } = connectTo(gate.port);
  socket.write(connectHead(gate.place));
  await until("\r\n\r\n");
  return speakThrough(socket, said, { ca: gate.egress.authority ?? "", ...options });
}

export function speakThrough(
  socket: NonNullable<ConnectionOptions["socket"]>,
  said: string | readonly string[],
  options: ConnectionOptions,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const inside = connect({ socket, servername: host, ...options });
    let text = "";
    inside.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    inside.on("error", reject);
    inside.on("close", () => resolve(text));
    inside.on("secureConnect", () => {
      for (const part of [said].flat()) inside.write(Buffer.from(part, "latin1"));
    });
  });
}
