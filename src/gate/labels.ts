import {
  toDigest,
  toPrincipalKey,
  toSubjectKey,
  type Label,
  type Principal,
  type RunId,
} from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { Decider } from "../ports/decider.ts";
import type { LabelRows } from "../ports/label-rows.ts";
import type { Call } from "./call.ts";

export interface LabelOptions {
  readonly rows: Pick<LabelRows, "get" | "add">;
  readonly clock: Clock;
  readonly decider: Decider;
  /** How long after its last labelled result a context is believed to be rid of it. */
  readonly forgetMs: number;
}

/**
 * What a caller's context has touched, against the confused deputy: content that anybody could have
 * written must not steer what is done next without a look. Kept in the store before the content is
 * handed over, so that it holds at every replica.
 */
export interface Labels {
  /** As far as the rules about this call read it: a question to the store at most. */
  before(call: Call): readonly Label[] | Promise<readonly Label[]>;
  /** Nothing to wait for, where the context is known to have these labels. */
  after(call: Call): Promise<void> | undefined;
  /** The same with labels of what a call has answered. */
  take(call: Call, labels: readonly Label[]): Promise<void> | undefined;
  /** All that the call's context has touched; null: no rule asks, so nobody keeps it. */
  of(call: Call): Promise<readonly Label[]> | null;
  /** A caller that is handed what a run says has touched what the run and its sub-agents have. */
  inherit(call: Call, root: RunId): Promise<void>;
}

const none: readonly Label[] = Object.freeze([]);
/** Contexts remembered here, so that a second result costs nothing; one that is forgotten costs a row. */
const maxContexts = 50_000;

export function createLabels({ rows, clock, decider, forgetMs }: LabelOptions): Labels {
  /** What was written from here, and when. */
  const written = new Map<string, { readonly labels: ReadonlySet<Label>; readonly atMs: number }>();

  function isWritten(key: string, labels: readonly Label[], nowMs: number): boolean {
    const known = written.get(key);
    if (known === undefined || nowMs - known.atMs > forgetMs / 4) return false;
    return labels.every((label) => known.labels.has(label));
  }

  const isKept = ({ request }: Call): boolean =>
    decider.keepsLabels || request.run?.rules?.keepsLabels === true;

  function take(call: Call, given: readonly Label[]): Promise<void> | undefined {
    if (!isKept(call)) return undefined;
    const labels = given.filter((label) => label !== "trusted");
    if (labels.length === 0) return undefined;
    const key = toKey(call);
    const nowMs = clock.nowMs();
    if (isWritten(key, labels, nowMs)) return undefined;
    const { tenant } = call.request.principal;
    const row = { tenant, context: toContext(key), labels, nowMs };
    return rows.add(row, nowMs - forgetMs).then(() => {
      const before = written.get(key)?.labels ?? [];
      if (written.size >= maxContexts) written.clear();
      written.set(key, { labels: new Set([...before, ...labels]), atMs: nowMs });
    });
  }

  return {
    before(call) {
      const { run } = call.request;
      if (!decider.readsLabels(call) && run?.rules?.readsLabels(call) !== true) return none;
      const { tenant } = call.request.principal;
      return rows.get({ tenant, context: toContext(toKey(call)) }, clock.nowMs() - forgetMs);
    },
    after: (call) => take(call, call.tool?.config.labels ?? call.server.config.labels),
    take,
    of(call) {
      if (!isKept(call)) return null;
      const { tenant } = call.request.principal;
      return rows.get({ tenant, context: toContext(toKey(call)) }, clock.nowMs() - forgetMs);
    },
    async inherit({ request }, root) {
      if (!decider.keepsLabels) return;
      const { principal } = request;
      const { tenant } = principal;
      const nowMs = clock.nowMs();
      const sinceMs = nowMs - forgetMs;
      const ofRun = toContext(toRunKey(principal, root));
      const labels = await rows.get({ tenant, context: ofRun }, sinceMs);
      if (labels.length === 0) return;
      await rows.add({ tenant, context: toContext(toKey({ request })), labels, nowMs }, sinceMs);
    },
  };
}

/** A session or a conversation that the client names; one that names none is one for all its calls. */
function toKey({ request }: Pick<Call, "request">): string {
  if (request.run !== undefined) return toRunKey(request.principal, request.context);
  return `${toPrincipalKey(request.principal)}\n${JSON.stringify(request.context)}`;
}

/** Runs of one tree tell each other what they have read, whichever agents they are of. */
function toRunKey(principal: Principal, root: string): string {
  return `run\n${toSubjectKey(principal)}\n${JSON.stringify(root)}`;
}

function toContext(key: string) {
  return toDigest(`context\n${key}`);
}
