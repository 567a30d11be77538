import type { Approval, Approvals, Client } from "../../client/client.ts";
import { Fault } from "../../model/fault.ts";
import { approvalStates } from "../../model/approval-states.ts";
import type { Run } from "../command.ts";
import type { CliParts } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { renderApproval, renderApprovals } from "../render-approval.ts";
import type { Voice } from "../voice.ts";

export interface ApprovalsFlags {
  readonly json: boolean;
  readonly url?: string;
  readonly state?: string;
  readonly watch: boolean;
}

/** As many as the server gives at once. */
const atOnce = 200;
const waitSeconds = 25;
/** Between two answers, so that replicas which take turns are not asked without a pause. */
const pauseMs = 500;
/** A server that starts anew is waited for, about a minute. */
const maxSilences = 30;
const silenceMs = 2_000;

export const showApprovals: Run<ApprovalsFlags> = async ({ parts, voice }, flags) => {
  const state = parseState(flags.state);
  const { client } = await parts.connect(flags.url, "approver");
  if (flags.watch) {
    if (state !== "pending") throw new Fault("usage_invalid", "--watch shows what is pending.");
    return watch(parts, voice, client);
  }
  const { body } = await client.listApprovals({ limit: atOnce, ...(state !== null && { state }) });
  const { approvals } = body;
  const what = state === null ? "No approval was asked for yet" : `No approval is ${state}`;
  voice.answer({ approvals }, approvals.length === 0 ? `${what}.` : renderApprovals(approvals));
  if (approvals.length === atOnce) voice.note(`There may be more than these ${atOnce}.`);
  return exitCodes.ok;
};

type State = keyof typeof approvalStates.moves;

/** Null: of all. */
function parseState(given = "pending"): State | null {
  if (given === "all") return null;
  const known = Object.keys(approvalStates.moves) as State[];
  const state = known.find((each) => each === given);
  if (state !== undefined) return state;
  throw new Fault("usage_invalid", `--state is one of ${known.join(", ")} and all.`);
}

/** Says each that comes, and of each how it ended, until somebody ends it. */
async function watch(parts: CliParts, voice: Voice, client: Client): Promise<number> {
  voice.note("Waiting for approvals; Ctrl-C ends it.");
  const shown = new Set<string>();
  for (let seen: string | undefined; ;) {
    const listed = await listPatiently(parts, { voice, client, seen });
    const now = new Set(listed.approvals.map(({ id }) => id));
    for (const id of [...shown].filter((each) => !now.has(each))) {
      shown.delete(id);
      const ended = await look(client, id);
      if (ended !== null) voice.answer({ event: "ended", approval: ended }, renderEnd(ended));
    }
    for (const id of now) {
      if (shown.has(id)) continue;
      shown.add(id);
      // The list does not say what was approved before.
      const asked = await look(client, id);
      if (asked !== null)
        voice.answer(
          { event: "asked", approval: asked },
          `${renderApproval(asked, voice.paint)}\n`,
        );
    }
    seen = listed.seen;
    await parts.clock.sleep(pauseMs);
  }
}

interface Listing {
  readonly voice: Voice;
  readonly client: Client;
  readonly seen: string | undefined;
}

async function listPatiently(
  { clock }: CliParts,
  { voice, client, seen }: Listing,
): Promise<Approvals> {
  const news = seen === undefined ? {} : { seen, wait: waitSeconds };
  for (let silences = 1; ; silences += 1) {
    try {
      return (await client.listApprovals({ state: "pending", limit: atOnce, ...news })).body;
    } catch (fault) {
      if (!isSilence(fault) || silences === maxSilences) throw fault;
      if (silences === 1) voice.note(`${(fault as Fault).message} Trying again.`);
      await clock.sleep(silenceMs);
    }
  }
}

function isSilence(fault: unknown): boolean {
  const codes = ["unreachable", "draining", "overloaded", "deadline_exceeded"];
  return fault instanceof Fault && codes.includes(fault.code);
}

/** Null where it is gone. */
async function look(client: Client, id: string): Promise<Approval | null> {
  try {
    return (await client.getApproval({ id })).body;
  } catch (fault) {
    if (fault instanceof Fault && fault.code === "not_found") return null;
    throw fault;
  }
}

function renderEnd({ id, state }: Approval): string {
  return `Approval ${id} is ${state}.`;
}
