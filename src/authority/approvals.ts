import {
  Fault,
  saltLength,
  toCanonicalBytes,
  toIntentDigest,
  toTextCommitment,
  toUuidV7,
  type ApprovalId,
  type TenantId,
} from "../model/index.ts";
import type { Approvals, Asking, Standing } from "../ports/approvals.ts";
import type { Bus } from "../ports/bus.ts";
import type { Clock } from "../ports/clock.ts";
import type { Openings } from "../ports/openings.ts";
import type { Random } from "../ports/random.ts";
import type { ApprovalDraft, ApprovalRow, ApprovalRows } from "../ports/approval-rows.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { TenantHash } from "../ports/tenant-hash.ts";
import { isAgreed } from "../ports/verdicts.ts";
import { createApprovalNews, type ApprovalNews } from "./approval-news.ts";
import { decideOnce } from "./decide-approval.ts";
import { readApproval, toPlace } from "./read-approval.ts";

export interface ApprovalsOptions {
  readonly rows: ApprovalRows;
  readonly openings: Openings;
  readonly hashes: TenantHash;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly bounds: () => { readonly expireMs: number; readonly openPerCaller: number };
  /** Of the page where a person decides. */
  readonly urlOf: (id: ApprovalId) => string;
  /** Told of each that was asked for or decided. */
  readonly announce: (event: ApprovalEvent) => void;
  readonly telemetry: Pick<Telemetry, "log">;
}

export interface ApprovalEvent {
  readonly kind: "asked" | "decided" | "withdrawn";
  readonly tenant: TenantId;
  readonly id: ApprovalId;
}

export interface OpenApprovals extends Approvals {
  readonly news: ApprovalNews;
  readonly urlOf: ApprovalsOptions["urlOf"];
  readonly tell: (event: ApprovalEvent) => void;
  close(): Promise<void>;
}

/** Whoever asks first makes the row; those that ask for the same find it. */
export async function openApprovals(options: ApprovalsOptions): Promise<OpenApprovals> {
  const { rows, announce } = options;
  const news = await createApprovalNews(options);
  const stopping = new AbortController();
  const tending = expireLate(options, stopping.signal);
  const tell = (event: ApprovalEvent): void => {
    news.tell(event.id);
    announce(event);
  };
  return {
    news,
    urlOf: options.urlOf,
    tell,
    async ask(asking) {
      const found = await findOrMake(options, asking);
      if (found.isNew) tell({ kind: "asked", tenant: found.row.tenant, id: found.row.id });
      return toStanding(options, found.row);
    },
    async read(tenant, id) {
      const row = await rows.get(tenant, id);
      return row === null ? null : toStanding(options, row);
    },
    changed: (standing, signal) => news.changed(standing.id, signal),
    async answerSelf(standing, { word, subject }) {
      const { tenant, id } = standing;
      // As approvers are named elsewhere: without the tenant.
      const approver = subject.split("\n").slice(1).join(":");
      const by = { approver, credential: "client", reason: null, passkey: null };
      const said = { ...by, word, digest: standing.intent, meets: ["self"] };
      await decideOnce(options, { tenant, id }, { say: () => said });
      tell({ kind: "decided", tenant, id });
    },
    async withdraw({ tenant, id }) {
      await rows.void(tenant, id);
      tell({ kind: "withdrawn", tenant, id });
    },
    async close() {
      stopping.abort();
      await tending;
      await news.close();
    },
  };
}

/** Two that ask at once: one makes it, the other finds it. */
async function findOrMake(
  options: ApprovalsOptions,
  asking: Asking,
): Promise<{ readonly row: ApprovalRow; readonly isNew: boolean }> {
  const { bounds, hashes, rows, clock } = options;
  const { tenant } = asking.intent;
  // With who has to agree: where that is somebody else by now, those are asked.
  const approvers = asking.request.approvers.map(toApproverKey).toSorted();
  const asked = [asking.intent, asking.args, approvers];
  const key = await hashes.hash(tenant, "approval", asked);
  for (let tries = 0; tries < 3; tries += 1) {
    const found = await rows.find(tenant, key, clock.nowMs());
    if (found !== null) return { row: found, isNew: false };
    const { openPerCaller } = bounds();
    if ((await rows.countPending(tenant, asking.subject, openPerCaller)) >= openPerCaller)
      throw new Fault("approvals_full", `${openPerCaller} approvals of this caller wait already.`);
    const draft = await toDraft(options, asking, key);
    if ((await rows.create(draft)) === "created")
      return { row: { ...draft, state: "pending", verdicts: null }, isNew: true };
    // One that ran out is in the way until it is marked.
    await rows.expire(clock.nowMs(), 1_000);
  }
  throw new Fault("approvals_full", "The same was asked for too often at once.");
}

const expireEveryMs = 5_000;
const expiredAtOnce = 1_000;

/** One that ran out is so at once, by its time; that its row says so is for those who list them. */
async function expireLate(
  { rows, clock, telemetry }: Pick<ApprovalsOptions, "rows" | "clock" | "telemetry">,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(expireEveryMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    // What cannot be written now is looked at again in a moment.
    await rows.expire(clock.nowMs(), expiredAtOnce).catch((fault: unknown) => {
      telemetry.log("warn", "approvals that ran out could not be marked", { fault });
    });
  }
}

async function toDraft(
  { clock, random, openings, bounds }: ApprovalsOptions,
  { intent, args, claim, facts, subject, request }: Asking,
  key: ApprovalDraft["key"],
): Promise<ApprovalDraft> {
  const nowMs = clock.nowMs();
  const id = toUuidV7(nowMs, random.bytes(10)) as ApprovalId;
  const salt = Buffer.from(random.bytes(saltLength)).toString("hex");
  const expiresAtMs = nowMs + bounds().expireMs;
  const whole = {
    ...intent,
    args: toTextCommitment(salt, args),
    notAfterMs: expiresAtMs,
  };
  const shown = facts === undefined ? {} : { facts };
  const opening = { v: 1, intent: whole, salt, args, claim, ...shown };
  const asked = toCanonicalBytes(request);
  const place = toPlace({ tenant: intent.tenant, id, request: asked });
  return {
    id,
    tenant: intent.tenant,
    run: intent.run,
    intent: toIntentDigest(whole),
    key,
    server: intent.server,
    tool: request.tool,
    agent: intent.agent,
    subject,
    request: asked,
    opening: await openings.seal(place, opening),
    createdAtMs: nowMs,
    expiresAtMs,
  };
}

async function toStanding(
  options: Pick<ApprovalsOptions, "openings" | "clock" | "urlOf">,
  row: ApprovalRow,
): Promise<Standing> {
  const { request, opening, verdicts } = await readApproval(options, row);
  const { id, tenant, intent, expiresAtMs } = row;
  const isLate = expiresAtMs <= options.clock.nowMs();
  const waits = row.state === "pending" || row.state === "approved";
  const met = new Set(verdicts.flatMap(({ meets }) => meets));
  return {
    id,
    tenant,
    intent,
    expiresAtMs,
    state: toState(row, { isLate: waits && isLate, isAgreed: isAgreed(request, verdicts) }),
    // Without it no intent fits: what was erased was voided, too.
    salt: opening?.salt ?? "",
    approvers: request.approvers,
    url: options.urlOf(id),
    // A client has no passkey: where one is asked for, it is not the one that decides.
    waitsForSelf:
      row.state === "pending" &&
      request.approvers.some(({ who, passkey }) => who === "self" && !passkey) &&
      !met.has("self"),
    reason: verdicts.find(({ word }) => word === "denied")?.reason ?? null,
  };
}

/** Rules that ask together come in no order. */
function toApproverKey({ who, quorum, passkey }: Standing["approvers"][number]): string {
  return `${quorum} ${passkey} ${who}`;
}

/** A row that says approved, and that nobody has agreed to, is no approval. */
function toState(
  { state }: ApprovalRow,
  { isLate, isAgreed: isSaid }: { readonly isLate: boolean; readonly isAgreed: boolean },
): ApprovalRow["state"] {
  if (isLate) return "expired";
  return state === "approved" && !isSaid ? "voided" : state;
}
