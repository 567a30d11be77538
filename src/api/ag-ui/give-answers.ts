import { z } from "zod";
import type { KeyHolder } from "../../authority/keyring.ts";
import { Fault } from "../../model/index.ts";
import type { createApprovalAnswers } from "../approval-answers.ts";
import type { AgUiEvent } from "./ag-ui-event.ts";
import type { ResumeEntry } from "./read-input.ts";

/** The answer of the REST route itself: whoever may not decide there may not decide here. */
export type Decide = ReturnType<typeof createApprovalAnswers>["decideApproval"];

export interface Answering {
  readonly decide: Decide;
  readonly holder: KeyHolder | null;
  readonly signal: AbortSignal;
}

/** `cancelled` decides nothing: the front-end was closed without a word, or only wants to know. */
export async function giveAnswer(
  { decide, holder, signal }: Answering,
  { interruptId: id, status, payload }: ResumeEntry,
): Promise<readonly AgUiEvent[]> {
  if (status === "cancelled") return [];
  const body = JSON.stringify(payload ?? null);
  const decided = { type: "CUSTOM", name: "countersign.decided" } as const;
  const asked = { params: { id }, headers: undefined, query: undefined, body, holder, signal };
  try {
    const { state } = (await decide(asked)).body;
    return [{ ...decided, value: { approval: id, state } }];
  } catch (error) {
    const state = isSettledSo(error, payload);
    if (state === null) throw error;
    return [{ ...decided, value: { approval: id, state } }];
  }
}

const wordSchema = z.looseObject({ word: z.enum(["approved", "denied"]) });
const settled = { approved: ["approved", "consumed"], denied: ["denied"] };

/** A request that is sent again after its answer was lost says what is so already. */
function isSettledSo(error: unknown, payload: unknown): string | null {
  if (!(error instanceof Fault) || error.code !== "approval_decided") return null;
  const said = wordSchema.safeParse(payload).data;
  const { state } = error.details;
  if (said === undefined || typeof state !== "string") return null;
  return settled[said.word].includes(state) ? state : null;
}
