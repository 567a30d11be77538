import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import type { ConsoleFiles } from "../../src/api/console/read-console.ts";
import { isConsole, serveConsole } from "../../src/api/console/serve-console.ts";
import type { Approval } from "../../src/client/client.ts";
import { faults, type FaultCode } from "../../src/model/faults.ts";

export const approverKey = "key-of-an-approver";

export interface Decided {
  readonly id: string;
  readonly digest: string;
  readonly word: string;
  readonly reason?: string;
  readonly assertion?: { readonly id: string };
}

export interface FixtureDesk {
  readonly url: string;
  readonly approvals: Approval[];
  readonly decided: Decided[];
  /** Of the requests, with their query. */
  readonly paths: string[];
  /** The next decision is answered with this instead. */
  refuseNext(code: FaultCode): void;
  /** What the signing ceremony is begun with. */
  challenge: string | null;
  /** Tells pages that wait that something is different. */
  change(work: () => void): void;
}

let made = 0;
const toId = () => `01900000-0000-7000-8000-${String((made += 1)).padStart(12, "0")}`;

/** An approval as the API shows it, ordinary but for what the test says. */
export function toShown(changes: Partial<Approval> = {}): Approval {
  return {
    id: toId(),
    digest: `sha256:${"ab".repeat(32)}`,
    url: "http://localhost/approvals",
    state: "pending",
    server: "bank",
    tool: "transfer",
    method: "tools/call",
    target: "bank__transfer",
    toolset: "",
    effect: "write",
    outward: true,
    labels: ["untrusted"],
    description: "Transfers money to an account.",
    rules: [{ rule: "large-transfers", text: "Transfers above 1,000 are asked." }],
    approvers: [{ who: "role:finance", quorum: 1, passkey: false, have: 0 }],
    requester: { kind: "person", subject: "ada@example.com", agent: "assistant" },
    claim: "The invoice is due today, and Ada agreed on the phone.",
    facts: [],
    args: { amount: 4200, currency: "EUR", to: "DE89 3704 0044 0532 0130 00" },
    lastApproved: {
      id: toId(),
      at: "2026-11-20T09:12:00.000Z",
      args: { amount: 1200, currency: "EUR", to: "DE89 3704 0044 0532 0130 00" },
    },
    reach: { transport: "http", hosts: ["bank.example:443"], credential: "static, for all" },
    verdicts: [],
    createdAt: "2026-11-21T10:00:00.000Z",
    expiresAt: new Date(Date.now() + 15 * 60_000).toISOString(),
    holds: true,
    erased: false,
    ...changes,
  };
}

/** The console as the product serves it, and behind it the shapes of the API over a list in memory. */
export async function startFixtureDesk(
  files: ConsoleFiles,
  approvals: Approval[],
): Promise<FixtureDesk> {
  const decided: Decided[] = [];
  const paths: string[] = [];
  let refusal: FaultCode | null = null;
  let version = 1;
  const waiting = new Set<() => void>();
  const server = createServer((incoming, outgoing) => void answer(incoming, outgoing));

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? "/", "http://127.0.0.1");
    if (isConsole(url.pathname)) return serveConsole(files, incoming, outgoing);
    paths.push(incoming.url ?? "");
    const say = (status: number, body: object) => {
      outgoing.writeHead(status, { "content-type": "application/json" });
      outgoing.end(JSON.stringify(body));
    };
    const refuse = (code: FaultCode) =>
      say(faults[code].status, { error: { code, message: `Refused: ${code}.`, hint: "" } });
    if (incoming.headers.authorization !== `Bearer ${approverKey}`) {
      return refuse("unauthenticated");
    }
    if (url.pathname === "/v1/holder")
      return say(200, { name: "ada", roles: ["approver"], tenant: null });
    if (url.pathname === "/v1/passkeys") return say(200, { passkeys: [{}], next: null });
    const body = await read(incoming);
    const [, id, act] = /^\/v1\/approvals(?:\/([^/]+))?(?:\/(\w+))?$/.exec(url.pathname) ?? [];
    if (id === undefined) {
      const seen = url.searchParams.get("seen");
      if (seen === String(version)) await changed(waiting, outgoing);
      const pending = approvals
        .filter(({ state }) => state === "pending")
        .map((each) => ({ ...each, lastApproved: null }));
      return say(200, { approvals: pending, seen: String(version) });
    }
    const shown = approvals.find((each) => each.id === id);
    if (shown === undefined) return refuse("not_found");
    if (act === undefined) return say(200, shown);
    if (act === "signing") {
      const challenge = desk.challenge ?? toChallenge(shown.digest);
      const options = {
        challenge,
        rpId: "localhost",
        userVerification: "required",
        timeout: 5_000,
      };
      return say(200, { options: { ...options, allowCredentials: [] } });
    }
    if (refusal !== null) {
      const code = refusal;
      refusal = null;
      return refuse(code);
    }
    const decision = JSON.parse(body) as Omit<Decided, "id">;
    decided.push({ id, ...decision });
    const state = decision.word as "approved" | "denied";
    change(() => approvals.splice(approvals.indexOf(shown), 1, { ...shown, state }));
    say(200, { id, state });
  }

  function change(work: () => void): void {
    work();
    version += 1;
    for (const wake of waiting) wake();
    waiting.clear();
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const desk: FixtureDesk = {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    approvals,
    decided,
    paths,
    challenge: null,
    change,
    refuseNext: (code) => void (refusal = code),
  };
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return desk;
}

const toChallenge = (digest: string) =>
  Buffer.from(digest.slice("sha256:".length), "hex").toString("base64url");

async function changed(waiting: Set<() => void>, outgoing: ServerResponse): Promise<void> {
  await new Promise<void>((resolve) => {
    waiting.add(resolve);
    outgoing.once("close", () => resolve());
  });
}

async function read(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
