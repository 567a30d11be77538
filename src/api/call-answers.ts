import { z } from "zod";
import type { Erased } from "../authority/erase-personal.ts";
import type { Finding } from "../gate/resolve-call.ts";
import {
  entryIdSchema,
  Fault,
  tenantIdSchema,
  type EntryId,
  type TenantId,
} from "../model/index.ts";
import type { CallRow, CallRows } from "../ports/call-rows.ts";
import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { approvalRoutes } from "./approval-routes.ts";
import type { Answers } from "./contract.ts";
import { parseBody } from "./parse-body.ts";
import { tenantOf } from "./tenant-of.ts";

export interface CallAnswersOptions {
  readonly calls: CallRows;
  readonly clock: Clock;
  readonly resolveCall: (row: CallRow, finding: Finding) => Promise<boolean>;
  readonly erasePersonal: (tenant: TenantId, who: Erasing) => Promise<Erased>;
  readonly telemetry: Telemetry;
}

export interface Erasing {
  readonly kind: "user" | "service";
  readonly subject: string;
}

type Routes = Pick<typeof approvalRoutes, "listCalls" | "resolveCall" | "erasePersonal">;

const pageSize = 200;
const resolving = z.strictObject({
  outcome: z.enum(["done", "not_done", "retry"]),
  evidence: z.string().min(1).max(4_096),
});

const erasing = z.strictObject({
  subject: z
    .string()
    .max(512)
    .regex(/^(?:user|service):./, "takes user:NAME or service:NAME"),
  // The admin configures all tenants; what is kept of their people is erased by nobody else.
  tenant: tenantIdSchema.optional(),
});

export function createCallAnswers(options: CallAnswersOptions): Answers<Routes> {
  const { calls, clock, telemetry } = options;
  return {
    erasePersonal: async ({ body, holder }) => {
      const { subject, tenant = tenantOf(holder) } = parseBody(erasing, body);
      const kind = subject.startsWith("user:") ? "user" : "service";
      const who = { kind, subject: subject.slice(kind.length + 1) } as const;
      const erased = await options.erasePersonal(tenant, who);
      telemetry.log("warn", "personal data was erased", { ...erased, tenant, by: holder?.id });
      return { status: 200, body: { subject, ...erased } };
    },
    listCalls: async ({ query, holder }) => {
      const after = query.after === undefined ? {} : { after: parseId(query.after) };
      const page = { nowMs: clock.nowMs(), limit: pageSize, ...after };
      const rows = await calls.listUnknown(tenantOf(holder), page);
      const next = rows.length < pageSize ? null : rows.at(-1)!.id;
      return { status: 200, body: { calls: rows.map(toShown), next } };
    },
    resolveCall: async ({ params, body, holder }) => {
      const finding = parseBody(resolving, body);
      const id = parseId(params.id);
      const row = await calls.get(tenantOf(holder), id);
      if (row === null) throw new Fault("not_found", `There is no call ${id}.`);
      if (row.state === "open" && row.notAfterMs > clock.nowMs()) throw underWay(id);
      const by = holder?.id ?? "unknown";
      const isInDoubt = row.state === "open" || row.state === "unknown";
      if (isInDoubt && (await options.resolveCall(row, { ...finding, by })))
        return { status: 200, body: { id, outcome: finding.outcome } };
      // It was prolonged meanwhile.
      if (isInDoubt && (await calls.get(row.tenant, id))?.state === "open") throw underWay(id);
      throw new Fault("call_settled", `How call ${id} ended is known.`);
    },
  };
}

function underWay(id: EntryId): Fault {
  return new Fault("key_in_use", `Call ${id} is under way.`);
}

function toShown(row: CallRow) {
  const { id, server, tool, state, intent, approval, atMs, notAfterMs, outcome } = row;
  return {
    id,
    server,
    tool,
    state: state === "open" ? ("open" as const) : ("unknown" as const),
    intent,
    subject: row.subject.split("\n").slice(1).join(":"),
    approval,
    at: new Date(atMs).toISOString(),
    notAfter: new Date(notAfterMs).toISOString(),
    outcome,
  };
}

function parseId(text: string) {
  const id = entryIdSchema.safeParse(text);
  if (id.success) return id.data;
  throw new Fault("not_found", `There is no call ${text.slice(0, 64)}.`);
}
