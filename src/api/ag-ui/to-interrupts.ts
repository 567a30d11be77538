import type { ReadApproval } from "../../authority/read-approval.ts";
import { toPlainInert } from "../../lib/inert-text.ts";
import { Fault, type ApprovalId, type TenantId } from "../../model/index.ts";
import type { ApprovalAnswersOptions } from "../approval-answers.ts";
import type { Interrupt } from "./ag-ui-event.ts";

export type InterruptOptions = Pick<ApprovalAnswersOptions, "desk" | "clock" | "urlOf">;

export interface Asking {
  readonly tenant: TenantId;
  readonly approvals: readonly ApprovalId[];
  /** Calls of the run itself, by their approvals; those of a sub-agent are in no message. */
  readonly toolCalls: ReadonlyMap<ApprovalId, string>;
}

/** Those that still wait for somebody. */
export async function readInterrupts(
  options: InterruptOptions,
  { tenant, approvals, toolCalls }: Asking,
): Promise<readonly Interrupt[]> {
  const interrupts: Interrupt[] = [];
  for (const id of approvals) {
    const read = await readOpen(options, tenant, id);
    if (read !== null) interrupts.push(toInterrupt(read, options.urlOf(id), toolCalls.get(id)));
  }
  return interrupts;
}

async function readOpen({ desk, clock }: InterruptOptions, tenant: TenantId, id: ApprovalId) {
  try {
    const read = await desk.read(tenant, id);
    const { state, expiresAtMs } = read.row;
    return state === "pending" && expiresAtMs > clock.nowMs() ? read : null;
  } catch (error) {
    if (error instanceof Fault && error.code === "not_found") return null;
    throw error;
  }
}

/** A prompt is for a look. Whoever needs all of long arguments finds them in the metadata. */
const longestShown = 4_000;

export function toInterrupt(
  { row, request, opening }: ReadApproval,
  url: string,
  toolCallId: string | undefined,
): Interrupt {
  const { intent: digest, id } = row;
  const { server, tool, effect, outward, rules, approvers } = request;
  const args = opening?.args ?? null;
  const agent = opening?.intent.principal.actor?.agent ?? null;
  const what = tool ?? opening?.intent.target ?? request.method;
  const lines = [
    `${toPlainInert(agent ?? "Somebody")} wants to call ${toPlainInert(what)} of ${toPlainInert(server)}.`,
    ...rules.map(({ text }) => toPlainInert(text)).filter((text) => text !== ""),
    `Arguments: ${toShownArgs(args)}`,
    `Digest: ${digest}`,
    `Page: ${url}`,
  ];
  const needsPasskey = approvers.some(({ passkey }) => passkey);
  if (needsPasskey) lines.push("Agreeing takes a passkey, on the page.");
  return {
    id,
    reason: toolCallId === undefined ? "countersign:approval" : "tool_call",
    message: lines.join("\n"),
    ...(toolCallId === undefined ? {} : { toolCallId }),
    responseSchema: toResponseSchema(digest),
    expiresAt: new Date(row.expiresAtMs).toISOString(),
    metadata: {
      countersign: {
        approval: id,
        digest,
        url,
        agent,
        server,
        tool,
        args,
        effect,
        outward,
        approvers,
      },
    },
  };
}

function toShownArgs(args: string | null): string {
  if (args === null) return "(not kept here; look at the page)";
  const shown = toPlainInert(args, { escapes: true });
  return shown.length <= longestShown
    ? shown
    : `${shown.slice(0, longestShown).toWellFormed()} (cut: ${args.length} characters in all)`;
}

/** The digest says what was looked at: a word on anything else is none. */
function toResponseSchema(digest: string) {
  return {
    type: "object",
    properties: {
      word: { type: "string", enum: ["approved", "denied"] },
      digest: { type: "string", const: digest },
      reason: { type: "string", maxLength: 2_048 },
    },
    required: ["word", "digest"],
  };
}
