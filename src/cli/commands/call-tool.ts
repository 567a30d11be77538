import { withoutControls } from "../../lib/without-controls.ts";
import type { Called, Client } from "../../client/client.ts";
import { Fault } from "../../model/fault.ts";
import { parseSeconds } from "../ask-once.ts";
import type { Run } from "../command.ts";
import type { CliParts } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { parseArguments } from "../parse-arguments.ts";
import { toDecision } from "../render-approval.ts";
import type { Voice } from "../voice.ts";

export interface CallFlags {
  readonly json: boolean;
  readonly url?: string;
  readonly toolset?: string;
  readonly wait?: string;
  readonly key?: string;
}

/** As long as any approval can wait. */
const maxWaitSeconds = 7 * 86_400;
/** Of `--wait` without a number. */
const usualWaitSeconds = 3_600;
/** As much as the gate takes at once; the server answers sooner, and is asked again. */
const waitAtOnce = 600;
const argumentsComplaint = `The arguments are a JSON object, such as '{"path":"."}'.`;
/** For a server that lets nobody wait just now. */
const pauseMs = 1_000;

export const callTool: Run<CallFlags, [string, string?]> = async (
  { parts, voice },
  flags,
  ...[name, given = "{}"]
) => {
  const call = {
    name,
    toolset: flags.toolset ?? "",
    args: parseArguments(given, argumentsComplaint),
    ...toKey(flags),
  };
  const waits =
    flags.wait === "" ? usualWaitSeconds : parseSeconds(flags.wait ?? "0", maxWaitSeconds);
  const { client } = await parts.connect(flags.url);
  const first = await callOnce(client, call, 0);
  noteAsked(first, voice);
  const called = waits === 0 ? first : await wait(parts, { client, call, first, waits });
  // With --json it is as it came.
  voice.answer(called, withoutControls(toText(called.result)));
  if (called !== first) noteAsked(called, voice);
  return toExit(called.outcome);
};

interface Wanted {
  readonly name: string;
  readonly toolset: string;
  /** As it was typed: what a double does not keep, the server refuses with its place. */
  readonly args: string;
  readonly key?: string;
}

async function callOnce(client: Client, call: Wanted, waitSeconds: number): Promise<Called> {
  const { name, toolset, args, key } = call;
  const meta = JSON.stringify({
    ...(waitSeconds > 0 && { "dev.countersign/wait": waitSeconds }),
    ...(key !== undefined && { "dev.countersign/key": key }),
  });
  const named = `"name":${JSON.stringify(name)},"toolset":${JSON.stringify(toolset)}`;
  return (await client.callTool({ body: `{${named},"arguments":${args},"_meta":${meta}}` })).body;
}

interface Waiting {
  readonly client: Client;
  readonly call: Wanted;
  readonly first: Called;
  readonly waits: number;
}

/**
 * The same call finds the same approval, so that waiting is asking again. One that was asked for anew
 * meanwhile, since the first was used or ran out, is another wait and is not waited for.
 */
async function wait({ clock }: CliParts, { client, call, first, waits }: Waiting): Promise<Called> {
  const { approval } = toAsked(first);
  const untilMs = clock.monotonicMs() + waits * 1_000;
  for (let called = first; ;) {
    const leftMs = untilMs - clock.monotonicMs();
    if (called.outcome !== "asks" || toAsked(called).approval !== approval || leftMs <= 0)
      return called;
    called = await callOnce(client, call, Math.min(leftMs / 1_000, waitAtOnce));
    if (called.outcome === "asks") await clock.sleep(pauseMs);
  }
}

interface AskedFor {
  readonly approval?: string;
  readonly digest?: string;
  readonly url?: string;
  readonly expiresAt?: string;
}

function toAsked({ result }: Called): AskedFor {
  const { _meta } = (result ?? {}) as { readonly _meta?: Readonly<Record<string, AskedFor>> };
  return _meta?.["dev.countersign/outcome"] ?? {};
}

/** What it waits for, and how somebody who may can agree. */
function noteAsked(called: Called, voice: Voice): void {
  const { approval, digest, url, expiresAt } = toAsked(called);
  if (called.outcome !== "asks" || approval === undefined || digest === undefined) return;
  voice.note(`Waits for a person until ${expiresAt ?? "it runs out"}.`);
  voice.note(`  page     ${url ?? ""}`);
  voice.note(`  approve  ${toDecision("approve", { id: approval, digest })}`);
}

function toExit(outcome: Called["outcome"]): number {
  switch (outcome) {
    case "answered":
      return exitCodes.ok;
    case "asks":
    case "pending":
      return exitCodes.waiting;
    case "denied":
    case "expired":
    case "consumed":
    case "voided":
    case "withdrawn":
    case "changed":
    case "missing":
    case "mismatch":
      return exitCodes.denied;
    default:
      return exitCodes.failed;
  }
}

function toKey({ key }: CallFlags): { readonly key?: string } {
  if (key === undefined) return {};
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return { key };
  throw new Fault("usage_invalid", "--key takes 1 to 255 visible ASCII characters.");
}

/** The texts of a result as they are; anything else as JSON. */
function toText(result: unknown): string {
  const { content, message } = (result ?? {}) as { content?: unknown; message?: string };
  if (!Array.isArray(content)) return message ?? JSON.stringify(result, null, 2);
  return (content as readonly { type?: string; text?: string }[])
    .map((part) => (part.type === "text" ? (part.text ?? "") : JSON.stringify(part)))
    .join("\n");
}
