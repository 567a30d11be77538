import { approvalRequestSchema, fromRecordBytes, type ApprovalId } from "../model/index.ts";
import type { WebhookEvent } from "../model/config-webhooks.ts";
import type { Clock } from "../ports/clock.ts";
import type { DeliveryRow } from "../ports/delivery-rows.ts";
import type { ApprovalRow, ApprovalRows } from "../ports/approval-rows.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { RunMoved } from "../ports/run-moved.ts";
import type { ApprovalEvent } from "./approvals.ts";
import { toRunAnnouncement } from "./announce-run.ts";
import type { Announcement, Webhooks } from "./webhooks.ts";

export interface AnnouncerOptions {
  readonly approvals: Pick<ApprovalRows, "get">;
  readonly webhooks: Pick<Webhooks, "announce">;
  readonly urlOf: (id: ApprovalId) => string;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** At once; more are not announced, since their approvals would be held up by it. */
const mostAtOnce = 1_000;

/** Turns what happened to an approval or a run into what receivers are told. Whoever calls it does not wait. */
export function createAnnouncer(options: AnnouncerOptions): {
  readonly announce: (event: ApprovalEvent | RunMoved) => void;
  /** Once everything that was announced so far is durable. */
  readonly settled: () => Promise<void>;
} {
  const { telemetry } = options;
  const under = new Set<Promise<void>>();
  return {
    announce(event) {
      if (under.size >= mostAtOnce) {
        telemetry.count("webhook_deliveries", { outcome: "crowded_out" });
        return;
      }
      const work = tell(options, event)
        .catch((fault: unknown) => {
          telemetry.count("webhook_deliveries", { outcome: "unannounced" });
          const what = "run" in event ? event.run : event.id;
          telemetry.log("warn", "webhooks could not be told what happened", { id: what, fault });
        })
        .finally(() => under.delete(work));
      under.add(work);
    },
    settled: async () => void (await Promise.all(under)),
  };
}

async function tell(options: AnnouncerOptions, event: ApprovalEvent | RunMoved): Promise<void> {
  if (!("run" in event)) return tellOfApproval(options, event);
  const announcement = toRunAnnouncement(event);
  if (announcement !== null) await options.webhooks.announce(event.tenant, announcement);
}

async function tellOfApproval(
  { approvals, webhooks, urlOf, clock }: AnnouncerOptions,
  { kind, tenant, id }: ApprovalEvent,
): Promise<void> {
  const row = await approvals.get(tenant, id);
  // Where one of several agreed it still waits, and nothing is decided.
  if (row === null || (kind === "decided" && row.state === "pending")) return;
  const say = (what: Kind, atMs: number) =>
    webhooks.announce(tenant, toAnnouncement(row, { kind: what, atMs, url: urlOf(id) }));
  if (kind !== "asked") return say(kind, clock.nowMs());
  await say("asked", row.createdAtMs);
  // Lies there until then, and is told only if it has run out by that time.
  await say("expired", row.expiresAtMs);
}

type Kind = ApprovalEvent["kind"] | "expired";

function toAnnouncement(
  row: ApprovalRow,
  { kind, atMs, url }: { readonly kind: Kind; readonly atMs: number; readonly url: string },
): Announcement {
  const request = fromRecordBytes(approvalRequestSchema, row.request, "an approval");
  const states: Partial<Record<Kind, string>> = { asked: "pending", expired: "expired" };
  const type: WebhookEvent = `approval.${kind}`;
  return {
    id: `${row.id}_${kind}`,
    type,
    atMs,
    body: {
      approval: row.id,
      url,
      server: request.server,
      tool: request.tool,
      effect: request.effect,
      rules: request.rules.map(({ rule }) => rule),
      state: states[kind] ?? row.state,
      expiresAt: new Date(row.expiresAtMs).toISOString(),
    },
  };
}

/** Whether an event that was put there beforehand has come true. */
export async function hasHappened(
  { approvals, clock }: { readonly approvals: Pick<ApprovalRows, "get">; readonly clock: Clock },
  { tenant, event }: DeliveryRow,
): Promise<boolean> {
  const [id, kind] = event.split("_");
  if (kind !== "expired") return true;
  const row = await approvals.get(tenant, id as ApprovalId);
  if (row === null) return false;
  const waits = row.state === "pending" || row.state === "approved";
  return row.state === "expired" || (waits && row.expiresAtMs <= clock.nowMs());
}
