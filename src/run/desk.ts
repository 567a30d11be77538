import type { Caps } from "../model/budget.ts";
import { Fault, toUuidV7, type RunId, type TenantId } from "../model/index.ts";
import { toSubjectKey } from "../model/principal.ts";
import {
  fromRunEventBytes,
  runEventSchema,
  toRunEventBytes,
  type RunEvent,
} from "../model/run-event.ts";
import { runLetterSchema, toRunLetterBytes, type RunLetter } from "../model/run-letter.ts";
import type { BuiltBundle } from "../ports/bundles.ts";
import type { RunAsking, RunDesk, RunWord } from "../ports/run-desk.ts";
import type { KeyOfRun, RunBlob, RunHead } from "../ports/run-rows.ts";
import { asSaid, type Said } from "./content-kinds.ts";
import { createContents, type Contents } from "./contents.ts";
import type { DeskOptions } from "./desk-options.ts";
import { followHeads } from "./follow-heads.ts";
import { createFork } from "./fork.ts";
import { loadView } from "./load-view.ts";
import { readContext } from "./read-context.ts";
import { requireReadable } from "./require-readable.ts";
import { toReport } from "./report.ts";

export interface OpenRunDesk extends RunDesk {
  /** Whoever waits for changes goes on. */
  close(): Promise<void>;
}

export function createRunDesk(options: DeskOptions): OpenRunDesk {
  const { runs } = options.store;
  const heads = followHeads({ ...options, runs });
  return {
    start: (asking) => start(options, asking),
    async byKey(principal, key) {
      const hash = await hashKey(options, { principal, parent: null }, key);
      return (await options.store.runs.byKey(principal.tenant, hash))?.run ?? null;
    },
    async read(tenant, run) {
      const head = await require(options, tenant, run);
      const loaded = (await loadView(runs, run, head.head))!;
      const { view } = loaded;
      const contents = createContents({ ...options, runs }, { tenant, run });
      const [output] = view.output === null ? [] : await contents.read([view.output]);
      const text = output === undefined ? null : asSaid(output).text;
      return toReport({ run, head: loaded.head, view, output: text, taken: head.epoch });
    },
    list: (tenant, query) => runs.list(tenant, query),
    count: (tenant, query) => runs.count(tenant, query),
    async events(tenant, run, page) {
      await require(options, tenant, run);
      const rows = await runs.read(run, page);
      return rows.map(({ seq, payload }) => ({ seq, event: fromRunEventBytes(payload) }));
    },
    changed: (run, seq, signal) => heads.changed(run, seq, signal),
    async content(tenant, run, digest) {
      await require(options, tenant, run);
      const sealed = (await runs.blobs(run, [digest])).get(digest);
      if (sealed === undefined) return null;
      const value = await options.openings.open({ tenant, what: `blob:${digest}` }, sealed);
      return value === null ? null : JSON.stringify(value);
    },
    async context(tenant, run, step) {
      return readContext(options, await require(options, tenant, run), step);
    },
    tell: (tenant, run, word) => tell(options, { tenant, run }, word),
    async fork(tenant, run, forking) {
      const head = await require(options, tenant, run);
      return createFork(options, head, forking);
    },
    close: () => heads.close(),
  };
}

/** What is another tenant's is not there. */
async function require(
  { store }: Pick<DeskOptions, "store">,
  tenant: TenantId,
  run: RunId,
): Promise<RunHead> {
  const head = await store.runs.get(run);
  if (head !== null && head.tenant === tenant) return head;
  throw new Fault("not_found", `There is no run ${run}.`);
}

async function start(options: DeskOptions, asking: RunAsking) {
  const { store, clock, random } = options;
  const { tenant } = asking.principal;
  const key = await toKey(options, asking);
  const known = key === null ? null : await findByKey(options, tenant, key);
  if (known !== null) return { run: known, isNew: false };
  const built = await options.bundles().build(tenant, asking.agent);
  const run = toUuidV7(clock.nowMs(), random.bytes(10)) as RunId;
  const contents = createContents({ ...options, runs: store.runs }, { tenant, run });
  const input = await contents.make({ name: null, text: asking.input } satisfies Said);
  const created = toCreated(asking, { run, built, input, nowMs: clock.nowMs() });
  requireReadable(runEventSchema.safeParse(created));
  const made = await store.runs.create({
    run,
    tenant,
    events: [toRunEventBytes(created)],
    wake: true,
    state: "queued",
    about: {
      agent: asking.agent,
      subject: toSubjectKey(asking.principal),
      parent: asking.parent?.run ?? null,
      createdAtMs: created.atMs,
    },
    blobs: [input],
    ...(key === null ? {} : { key }),
  });
  if (made === "created") return { run, isNew: true };
  const other = key === null ? null : await findByKey(options, tenant, key);
  if (other === null) throw new Error("a run's id was drawn twice");
  return { run: other, isNew: false };
}

async function toKey({ hashes }: DeskOptions, asking: RunAsking): Promise<KeyOfRun | null> {
  const { key, principal, agent, input, caps } = asking;
  if (key === null) return null;
  const whose = listWhose(asking);
  const what = [...whose, agent, input, caps];
  return {
    hash: await hashKey({ hashes }, asking, key),
    fingerprint: await hashes.hash(principal.tenant, "run-fingerprint", what),
  };
}

type Whose = Pick<RunAsking, "principal" | "parent">;

/** A name is its caller's own, and a run's own where that asks for a sub-agent. */
function hashKey({ hashes }: Pick<DeskOptions, "hashes">, whose: Whose, key: string) {
  return hashes.hash(whose.principal.tenant, "run-key", [...listWhose(whose), key]);
}

function listWhose({ principal, parent }: Whose): readonly [string, RunId | null] {
  return [toSubjectKey(principal), parent?.run ?? null];
}

async function findByKey(
  { store }: DeskOptions,
  tenant: TenantId,
  { hash, fingerprint }: KeyOfRun,
): Promise<RunId | null> {
  const known = await store.runs.byKey(tenant, hash);
  if (known === null) return null;
  if (known.fingerprint === fingerprint) return known.run;
  throw new Fault("key_reused", "The key stands for a run with other content.");
}

interface Creating {
  readonly run: RunId;
  readonly built: BuiltBundle;
  readonly input: RunBlob;
  readonly nowMs: number;
}

function toCreated(
  { principal, roles, agent, parent, caps, deadlineMs, trace = null }: RunAsking,
  { run, built, input, nowMs }: Creating,
): Extract<RunEvent, { type: "run.created" }> {
  const { limits } = built.bundle;
  const ownDeadlineMs = limits.deadlineMs === null ? null : nowMs + limits.deadlineMs;
  return {
    v: 1,
    type: "run.created",
    atMs: nowMs,
    agent,
    bundle: built.digest,
    input: input.id,
    // It acts for whoever started it, and is never more than that.
    principal: { ...principal, actor: { agent, bundle: built.digest } },
    roles: [...roles],
    parent:
      parent === null ? null : { run: parent.run, step: parent.step, ordinal: parent.ordinal },
    root: parent?.root ?? run,
    ...(trace === null ? {} : { trace }),
    forkOf: null,
    context: [],
    caps: caps === null ? limits.caps : toLower(limits.caps, caps),
    maxSteps: limits.maxSteps,
    deadlineMs: lower(ownDeadlineMs, deadlineMs),
  };
}

function toLower(own: Caps, asked: Caps): Caps {
  return {
    micros: lower(own.micros, asked.micros),
    tokens: lower(own.tokens, asked.tokens),
    calls: lower(own.calls, asked.calls),
  };
}

function lower(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}

async function tell(
  options: DeskOptions,
  { tenant, run }: { readonly tenant: TenantId; readonly run: RunId },
  word: RunWord,
): Promise<void> {
  const contents = createContents({ ...options, runs: options.store.runs }, { tenant, run });
  const { letter, blobs } = await toLetter(contents, word);
  requireReadable(runLetterSchema.safeParse(letter));
  const posted = await options.store.runs.post({
    run,
    tenant,
    payload: toRunLetterBytes(letter),
    ...(blobs.length === 0 ? {} : { blobs }),
  });
  if (posted === "posted") return options.news.posted(run);
  if (posted === "ended") throw new Fault("run_ended", `Run ${run} has ended.`);
  if (posted === "full")
    throw new Fault("overloaded", `Run ${run} has more unread letters than it may have.`);
  throw new Fault("not_found", `There is no run ${run}.`);
}

async function toLetter(
  contents: Contents,
  word: RunWord,
): Promise<{ readonly letter: RunLetter; readonly blobs: readonly RunBlob[] }> {
  if (word.kind === "resume") return { letter: { v: 1, ...word, when: null }, blobs: [] };
  if (word.kind !== "signal") return { letter: { v: 1, ...word }, blobs: [] };
  const { name, payload } = word;
  const blob = await contents.make({ name, text: payload } satisfies Said);
  return { letter: { v: 1, kind: "signal", name, payload: blob.id }, blobs: [blob] };
}
