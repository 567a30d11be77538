import { Kysely, PostgresDialect, type Generated } from "kysely";
import type pg from "pg";
import type { FreezeKind } from "../../model/freeze.ts";
import type { ApprovalState, CallState } from "../../model/index.ts";
import type { Readers } from "./readers.ts";
import { toFault } from "./to-fault.ts";

/** The tables as the ordinary statements see them. The hot ones are written by hand. */
export interface Tables {
  runs: {
    run_id: string;
    tenant: string;
    epoch: number;
    head: number;
    priority: number;
    wake_at: number | null;
    ended: boolean;
    token: string;
    inbox: Generated<number>;
    state: Generated<number>;
    agent: string | null;
    subject: string | null;
    parent: string | null;
    created_at: number | null;
    ended_at: number | null;
    steps: number | null;
    why: string | null;
    micros: number | null;
    tokens: number | null;
  };
  run_keys: { tenant: string; hash: Buffer; fingerprint: Buffer; run_id: string };
  run_letters: { run_id: string; seq: number; token: string; payload: Buffer };
  run_blobs: { run_id: string; tenant: string; id: Buffer; bytes: Buffer };
  run_snapshots: { run_id: string; seq: number; bytes: Buffer };
  events: { run_id: string; seq: number; tenant: string; token: string; payload: Buffer };
  blobs: { tenant: string; id: Buffer; bytes: Buffer };
  revisions: { position: number; digest: Buffer; bytes: Buffer; applied_at: number };
  pins: {
    tenant: string;
    server: string;
    tool: string;
    digest: Buffer;
    definition: Buffer;
    accepted_by: string;
    accepted_at: number;
  };
  approvals: {
    tenant: string;
    id: string;
    run_id: string | null;
    intent: Buffer;
    state: ApprovalState;
    key: Buffer;
    server: string;
    tool: string | null;
    agent: string | null;
    subject: string;
    request: Buffer;
    opening: Buffer | null;
    verdicts: Buffer | null;
    created_at: number;
    expires_at: number;
    token: string | null;
  };
  calls: {
    id: string;
    tenant: string;
    subject: string;
    server: string;
    tool: string | null;
    intent: Buffer;
    run_id: string | null;
    approval: string | null;
    state: CallState;
    not_after: number;
    created_at: number;
    opening: Buffer | null;
    outcome: string | null;
    resolution: string | null;
    result: Buffer | null;
  };
  call_keys: {
    tenant: string;
    hash: Buffer;
    fingerprint: Buffer;
    call: string;
    expires_at: number;
  };
  letters: {
    id: string;
    owner: string;
    body: Buffer;
    put_at: number;
    beat_at: number | null;
    reply: Buffer | null;
  };
  secrets: {
    tenant: string;
    name: string;
    subject: string | null;
    version: number;
    hosts: string[];
    sealed: Buffer;
    wrapped: Buffer;
    key_id: string;
    written_at: number;
  };
  passkeys: {
    tenant: string;
    id: Buffer;
    subject: string;
    public_key: Buffer;
    algorithm: number;
    counter: number;
    transports: string[];
    added_by: string;
    added_at: number;
    used_at: number | null;
  };
  passkey_invitations: {
    tenant: string;
    hash: Buffer;
    subject: string;
    invited_by: string;
    expires_at: number;
  };
  passkey_challenges: { tenant: string; hash: Buffer; expires_at: number };
  labels: { tenant: string; context: Buffer; labels: string[]; touched_at: number };
  spendings: {
    tenant: string;
    budget: string;
    share: Buffer;
    period_start: number;
    used: number;
    granted: number;
  };
  freezes: {
    position: Generated<number>;
    tenant: string;
    kind: FreezeKind;
    name: string;
    reason: string;
    put_by: string;
    put_at: number;
    lifted_by: string | null;
    lifted_at: number | null;
  };
  replicas: { id: string; durable_to: number; beat_at: number };
}

export interface Database {
  readonly tables: Kysely<Tables>;
  readonly pool: pg.Pool;
  readonly readers: Readers;
}

export function openDatabase(pool: pg.Pool, readers: Readers): Database {
  const tables = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }).withSchema(
    "countersign",
  );
  return { tables, pool, readers };
}

/** Runs an ordinary statement; what Postgres says arrives as a fault. */
export async function asked<Answer>(statement: Promise<Answer>): Promise<Answer> {
  try {
    return await statement;
  } catch (error) {
    throw toFault(error);
  }
}
