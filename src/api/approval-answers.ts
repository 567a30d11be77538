import { z } from "zod";
import type { ApprovalDesk, Person } from "../authority/approval-desk.ts";
import type { ApprovalNews } from "../authority/approval-news.ts";
import type { KeyHolder } from "../authority/keyring.ts";
import type { ReadApproval } from "../authority/read-approval.ts";
import { parseStrictJson, type Json } from "../lib/strict-json.ts";
import {
  approvalIdSchema,
  digestSchema,
  Fault,
  type ApprovalId,
  type TenantId,
} from "../model/index.ts";
import { reasonTextField } from "../model/approval-fields.ts";
import { isRemote } from "../model/config-servers.ts";
import type { Catalog } from "../ports/catalog.ts";
import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { approvalRoutes } from "./approval-routes.ts";
import type { Answer, Answers, Asked } from "./contract.ts";
import { createLongPolls } from "./long-polls.ts";
import { parseBody } from "./parse-body.ts";
import { tenantOf } from "./tenant-of.ts";

export interface ApprovalAnswersOptions {
  readonly desk: ApprovalDesk;
  readonly news: ApprovalNews;
  /** Of the page where a person decides. */
  readonly urlOf: (id: ApprovalId) => string;
  readonly catalog: () => Catalog;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly limits: () => { readonly requestDeadlineMs: number };
}

type Routes = Pick<
  typeof approvalRoutes,
  "listApprovals" | "getApproval" | "signApproval" | "decideApproval"
>;

const deciding = z.strictObject({
  digest: digestSchema,
  word: z.enum(["approved", "denied"]),
  reason: reasonTextField.optional(),
  assertion: z.unknown().optional(),
});
const signing = z.strictObject({});

export function createApprovalAnswers(options: ApprovalAnswersOptions): Answers<Routes> {
  const { desk } = options;
  const polls = createLongPolls();
  return {
    listApprovals: async (asked) => {
      if (asked.query.wait > 0 && asked.query.seen !== undefined) {
        const leave = polls.enter(asked.holder?.id ?? "");
        await hearNews(options, asked).finally(leave);
      }
      return list(options, asked);
    },
    getApproval: async ({ params, holder }) => {
      const read = await desk.read(deskOf(holder), parseId(params.id));
      const last = read.row.state === "pending" ? await desk.readLast(read) : null;
      return { status: 200, body: toShown(options, read, last) };
    },
    signApproval: async ({ params, body, holder }) => {
      parseBody(signing, body);
      const begun = await desk.beginSigning(toPerson(holder), parseId(params.id));
      if (begun.kind === "begun") return { status: 200, body: { options: { ...begun.request } } };
      throw new Fault("passkey_refused", begun.message, { details: { why: begun.why } });
    },
    decideApproval: async ({ params, body, holder }) => {
      const { digest, word, reason = null, assertion = null } = parseBody(deciding, body);
      const id = parseId(params.id);
      const person = toPerson(holder);
      const state = await desk.decide(person, id, { digest, word, reason, assertion });
      options.telemetry.log("info", "an approval was decided", {
        approval: id,
        word,
        state,
        by: person.credential,
      });
      return { status: 200, body: { id, state } };
    },
  };
}

/** Until there is something new after what was seen, or for as long as was asked for. */
async function hearNews(
  { news, clock, limits }: ApprovalAnswersOptions,
  { query: { seen, wait }, signal }: Asked<Routes["listApprovals"]>,
): Promise<void> {
  // A request that waits as long as it may would end as one that took too long.
  const waitMs = Math.min(wait * 1_000, limits().requestDeadlineMs / 2);
  const untilMs = clock.monotonicMs() + waitMs;
  const over = new AbortController();
  const stop = (): void => over.abort();
  signal.addEventListener("abort", stop, { once: true });
  const late = clock.sleep(waitMs, over.signal).then(stop, () => undefined);
  const heard = news.count();
  while (seen === toSeen(news, heard) && !over.signal.aborted && clock.monotonicMs() < untilMs) {
    await news.changed(null, over.signal);
    if (news.count() !== heard) break;
  }
  stop();
  await late;
  signal.removeEventListener("abort", stop);
  signal.throwIfAborted();
}

async function list(
  options: ApprovalAnswersOptions,
  { query: { state, limit }, holder }: Asked<Routes["listApprovals"]>,
): Promise<Answer<Routes["listApprovals"]>> {
  const { desk, news } = options;
  const now = toSeen(news, news.count());
  const found = await desk.list(deskOf(holder), {
    limit,
    ...(state === undefined ? {} : { state }),
  });
  return {
    status: 200,
    body: { approvals: found.map((read) => toShown(options, read, null)), seen: now },
  };
}

/** Of this replica since its start: at another one it is new. */
function toSeen({ since }: ApprovalNews, count: number): string {
  return `${since}-${count}`;
}

function toShown(
  { catalog, clock, urlOf }: Pick<ApprovalAnswersOptions, "catalog" | "clock" | "urlOf">,
  read: ReadApproval,
  last: ReadApproval | null,
) {
  const { row, request, opening, verdicts } = read;
  const { servers } = catalog();
  const tool = findTool(catalog(), read);
  const isLate = row.expiresAtMs <= clock.nowMs();
  const waits = row.state === "pending" || row.state === "approved";
  return {
    id: row.id,
    digest: row.intent,
    url: urlOf(row.id),
    state: waits && isLate ? ("expired" as const) : row.state,
    server: request.server,
    tool: request.tool,
    method: request.method,
    target: opening?.intent.target ?? "",
    toolset: request.toolset,
    effect: request.effect,
    outward: request.outward,
    labels: [...request.labels],
    description: tool?.description ?? null,
    rules: request.rules.map((rule) => ({ ...rule })),
    approvers: request.approvers.map((each) => ({ ...each, have: countMet(read, each.who) })),
    requester: toRequester(read),
    claim: opening?.claim ?? null,
    args: readArgs(opening?.args ?? null),
    facts: (opening?.facts ?? []).map((fact) => ({ ...fact })),
    lastApproved:
      last === null
        ? null
        : {
            id: last.row.id,
            at: toTime(last.row.createdAtMs),
            args: readArgs(last.opening?.args ?? null),
          },
    reach: toReach(servers.get(request.server)?.config),
    verdicts: verdicts.map(({ word, approver, reason, atMs, passkey }) => {
      return { word, approver, reason, at: toTime(atMs), passkey: passkey !== null };
    }),
    createdAt: toTime(row.createdAtMs),
    expiresAt: toTime(row.expiresAtMs),
    holds: request.definition === null || tool?.acting === request.definition,
    erased: opening === null,
  };
}

/** As it was sealed: of what stands beside it in the row a person would believe whoever wrote it there. */
function toRequester({ opening }: ReadApproval) {
  const { kind = "", subject = "", actor = null } = opening?.intent.principal ?? {};
  return { kind, subject, agent: actor?.agent ?? null };
}

type ServerConfig = NonNullable<ReturnType<Catalog["servers"]["get"]>>["config"];

function toReach(config: ServerConfig | undefined) {
  if (config === undefined) return null;
  const { transport } = config;
  if (!isRemote(config)) return { transport, hosts: [], credential: null };
  const hosts = [config.url, ...config.endpoints].map((url) => new URL(url).host);
  const headers = Object.keys(config.headers).length > 0 ? "header" : null;
  return { transport, hosts: [...new Set(hosts)], credential: config.credential?.kind ?? headers };
}

/** As it is accepted now; null for a prompt, a resource, and a tool that is gone. */
export function findTool({ toolsets }: Catalog, { request }: Pick<ReadApproval, "request">) {
  if (request.tool === null) return null;
  const tools = [...toolsets.values()].flatMap((toolset) => [...toolset.tools.values()]);
  return (
    tools.find(({ server, name }) => server === request.server && name === request.tool) ?? null
  );
}

function countMet({ verdicts }: ReadApproval, who: string): number {
  const those = verdicts.filter(({ word, meets }) => word === "approved" && meets.includes(who));
  return new Set(those.map(({ approver }) => approver)).size;
}

function readArgs(text: string | null): Json | null {
  const parsed = text === null ? null : parseStrictJson(text);
  return parsed?.kind === "parsed" ? parsed.value : null;
}

function toTime(ms: number): string {
  return new Date(ms).toISOString();
}

function parseId(text: string): ApprovalId {
  const id = approvalIdSchema.safeParse(text);
  if (id.success) return id.data;
  throw new Fault("not_found", `There is no approval ${text.slice(0, 64)}.`);
}

/** Whoever decides has a credential for deciding; configuring is not among what it may. */
function toPerson(holder: KeyHolder | null): Person {
  const approves = holder?.approves ?? null;
  if (holder === null || approves === null)
    throw new Fault("forbidden", "This key or token decides no approvals.");
  return { ...approves, credential: holder.id, roles: holder.roles };
}

/** Whoever decides may look, too, and whoever calls. */
function deskOf(holder: KeyHolder | null): TenantId {
  return holder?.approves?.tenant ?? tenantOf(holder);
}
