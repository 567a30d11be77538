import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { callerKey, type SettleReplica, type SettleScene } from "./settle-scene.ts";

type Json = Record<string, unknown>;

export interface Payment {
  readonly payment: string;
  readonly tool: "pay" | "pay_keyed";
  /** Whether a person is asked first. */
  readonly asked: boolean;
}

/** What a client is told about its payment. */
export type Told =
  | { readonly kind: "done" }
  /** Done before, and what was answered then is not kept. */
  | { readonly kind: "done_before" }
  | { readonly kind: "asks"; readonly approval: string; readonly digest: string }
  | { readonly kind: "unknown"; readonly call: string }
  /** Nothing final: a fault or an outcome after which a client sends the same again. */
  | { readonly kind: "again"; readonly why: string };

const version = "2026-07-28";

/** Once, to this replica, under the payment's own key. */
export async function send(
  replica: SettleReplica,
  { payment, tool, asked }: Payment,
  meta: Json = {},
): Promise<Told> {
  const url = replica.up()?.url;
  if (url === undefined) return { kind: "again", why: "down" };
  const name = `bank__${tool}`;
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": version,
    "io.modelcontextprotocol/clientCapabilities": {},
    "dev.countersign/key": `key of ${payment}`.replaceAll(" ", "-"),
    ...meta,
  };
  const params = { name, arguments: { payment, asked }, _meta };
  replica.underWay.count += 1;
  try {
    const response = await fetch(`${url}/mcp`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${callerKey}`,
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "mcp-protocol-version": version,
        "mcp-method": "tools/call",
        "mcp-name": name,
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }),
    });
    return toTold((await response.json()) as Json, payment);
  } catch {
    return { kind: "again", why: "cut" };
  } finally {
    replica.underWay.count -= 1;
  }
}

function toTold(message: Json, payment: string): Told {
  const error = message["error"] as { message: string; data?: { fault?: string } } | undefined;
  if (error !== undefined) return { kind: "again", why: error.data?.fault ?? error.message };
  const result = message["result"] as Json;
  const meta = result["_meta"] as Json | undefined;
  const own = meta?.["dev.countersign/outcome"] as Record<string, string> | undefined;
  if (own === undefined) {
    const [content] = result["content"] as { text: string }[];
    if (content?.text === `paid ${payment}`) return { kind: "done" };
    throw new Error(`an answer that the server never gave: ${JSON.stringify(message)}`);
  }
  switch (own["outcome"]) {
    case "asks":
      return { kind: "asks", approval: own["approval"]!, digest: own["digest"]! };
    case "unknown":
      return { kind: "unknown", call: own["call"]! };
    case "done_before":
      return { kind: "done_before" };
    default:
      return { kind: "again", why: own["outcome"]! };
  }
}

export type Final = Exclude<Told, { kind: "asks" | "again" }>;

export interface Settling {
  /** Where the next one is sent. */
  readonly pick: () => SettleReplica;
  /** Told each answer that was not final. */
  readonly onAgain?: (why: string) => void;
}

const againMs = 60;
const settlesWithinMs = 90_000;

/** Sends the same with the same key, and has a person approve it, until it is told how it ended. */
export async function settle(
  scene: SettleScene,
  payment: Payment,
  { pick, onAgain = () => undefined }: Settling,
): Promise<Final> {
  const untilMs = systemClock.monotonicMs() + settlesWithinMs;
  let last = "";
  while (systemClock.monotonicMs() < untilMs) {
    const told = await send(pick(), payment);
    if (told.kind === "asks") {
      await approve(scene, told);
      continue;
    }
    if (told.kind !== "again") return told;
    onAgain((last = told.why));
    await systemClock.sleep(againMs);
  }
  throw new Error(`${payment.payment} was never told how it ended: ${last}`);
}

/** By the approver; whoever else decided it, or whoever died meanwhile, shows at the next sending. */
export async function approve(
  scene: SettleScene,
  { approval, digest }: { readonly approval: string; readonly digest: string },
): Promise<void> {
  const word = { digest, word: "approved" };
  await scene.tell("approver", `/v1/approvals/${approval}/decision`, word).catch(() => undefined);
}
