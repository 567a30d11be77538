import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { createEgressGate } from "../../src/adapters/egress/egress-gate.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import { parseEgressRule } from "../../src/model/sandbox.ts";
import {
  defaultEgressLimits,
  type BoundCredential,
  type EgressAttempt,
  type EgressLimits,
} from "../../src/ports/egress.ts";
import { createManualClock } from "../../src/ports/manual-clock.ts";

export interface GateSetting {
  readonly rules: readonly string[];
  readonly private?: boolean;
  readonly limits?: Partial<EgressLimits>;
  readonly credentials?: readonly BoundCredential[];
  /** Whose certificates places with credentials may show (PEM). */
  readonly trusted?: readonly string[];
  readonly nowMs?: number;
  /** Of names; one that is missing is at 127.0.0.1. */
  readonly names?: Readonly<Record<string, readonly string[]>>;
  readonly resolve?: (host: string) => Promise<readonly string[]>;
}

/** A gate of one sandbox, with a listener on loopback in place of the one inside. Time stands. */
export async function startGate(setting: GateSetting) {
  const clock = createManualClock(setting.nowMs ?? 1_000_000);
  const resolved: string[] = [];
  const attempts: EgressAttempt[] = [];
  const gate = createEgressGate({
    clock,
    random: systemRandom,
    trusted: setting.trusted ?? [],
    resolve: async (host) => {
      resolved.push(host);
      return setting.resolve?.(host) ?? setting.names?.[host] ?? ["127.0.0.1"];
    },
  });
  const told: (() => void)[] = [];
  const egress = gate.open({
    rules: setting.rules.map((text) => parseEgressRule(text)!),
    private: setting.private ?? true,
    limits: { ...defaultEgressLimits, ...setting.limits },
    credentials: setting.credentials ?? [],
    onAttempt: (attempt) => {
      attempts.push(attempt);
      for (const each of told) each();
    },
  });
  const listener = createServer({ allowHalfOpen: true }, (socket) => egress.accept(socket));
  const port = await listen(listener);
  onTestFinished(() => egress.close());
  /** Resolves once so many attempts have been told. */
  const untilTold = (count: number) =>
    new Promise<void>((resolve) => {
      const look = (): void => void (attempts.length >= count && resolve());
      told.push(look);
      look();
    });
  return { port, clock, egress, attempts, resolved, untilTold };
}

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

/** Keeps what arrives, and answers each connection by `answer` once it has the end of a head. */
export async function startUpstream(answer: string | null = "HTTP/1.1 200 OK\r\n\r\nhello") {
  const received: string[] = [];
  const open = new Set<Socket>();
  const port = await listen(
    createServer({ allowHalfOpen: true }, (socket) => {
      open.add(socket);
      socket.on("close", () => open.delete(socket));
      const at = received.push("") - 1;
      socket.on("data", (chunk) => {
        const isAnswered = received[at]!.includes("\r\n\r\n");
        received[at] += chunk.toString("latin1");
        if (answer !== null && !isAnswered && received[at]!.includes("\r\n\r\n"))
          socket.end(answer);
      });
      socket.on("end", () => socket.end());
    }),
  );
  return { port, received, open };
}

export interface Program {
  readonly socket: Socket;
  /** All that was sent to it, when it is closed. */
  readonly closed: Promise<string>;
  /** Resolves once it was sent this. */
  readonly until: (text: string) => Promise<void>;
}

/** A program in the sandbox, which writes to its proxy what it likes. */
export function connectTo(port: number, setting: { allowHalfOpen?: boolean } = {}): Program {
  const socket = connect({ port, host: "127.0.0.1", ...setting });
  onTestFinished(() => void socket.destroy());
  let text = "";
  let look = (): void => undefined;
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
    look();
  });
  socket.on("error", () => undefined);
  const closed = new Promise<string>((resolve) => socket.on("close", () => resolve(text)));
  const until = (wanted: string) =>
    new Promise<void>((resolve) => {
      look = () => void (text.includes(wanted) && resolve());
      look();
    });
  return { socket, closed, until };
}

/** Writes and reads until the gate closes. */
export function send(port: number, bytes: string | Uint8Array): Promise<string> {
  const { socket, closed } = connectTo(port);
  socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  return closed;
}

export const connectHead = (place: string): string =>
  `CONNECT ${place} HTTP/1.1\r\nHost: ${place}\r\n\r\n`;

/** SOCKS5 without a password, to a name or to the bytes of an address. */
export function socksRequest(address: string | readonly number[], port: number): Buffer {
  const kind = typeof address === "string" ? 3 : address.length === 4 ? 1 : 4;
  const bytes = typeof address === "string" ? Buffer.from(address, "latin1") : Buffer.from(address);
  const length = kind === 3 ? [bytes.length] : [];
  return Buffer.concat([
    Buffer.from([5, 1, 0, 5, 1, 0, kind, ...length]),
    bytes,
    Buffer.from([port >> 8, port & 255]),
  ]);
}
