import type { Migration } from "./migration.ts";

export const runs: Migration = {
  name: "runs",
  sql: `
    alter table countersign.runs
      -- Letters that were ever put into its inbox: the sequence of the last one.
      add column inbox bigint not null default 0,
      -- A number of run-state-numbers.ts.
      add column state smallint not null default 1,
      add column agent text collate "C",
      add column subject text collate "C",
      add column parent uuid,
      add column created_at bigint,
      add column ended_at bigint;
    create index runs_tenant on countersign.runs (tenant, run_id);
    create index runs_agent on countersign.runs (tenant, agent, run_id) where agent is not null;
    create index runs_state on countersign.runs (tenant, state, run_id);
    create index runs_parent on countersign.runs (parent, run_id) where parent is not null;
    create index runs_ended_at on countersign.runs (ended_at) where ended_at is not null;

    -- Apart from the runs: a key is its own across all months.
    create table countersign.run_keys (
      tenant text collate "C" not null,
      hash bytea not null,
      fingerprint bytea not null,
      run_id uuid not null,
      primary key (tenant, hash)
    );
    create index run_keys_run on countersign.run_keys (run_id);

    -- Gone once they were folded in.
    create table countersign.run_letters (
      run_id uuid not null,
      seq bigint not null,
      -- Which write put it there, to know our own after a lost connection.
      token bigint not null,
      payload bytea not null,
      primary key (run_id, seq)
    );

    create table countersign.run_blobs (
      run_id uuid not null,
      tenant text collate "C" not null,
      id bytea not null,
      bytes bytea not null,
      primary key (run_id, id)
    ) partition by range (run_id);
    create table countersign.run_blobs_default partition of countersign.run_blobs default;

    create table countersign.run_snapshots (
      run_id uuid primary key,
      seq bigint not null,
      bytes bytea not null
    ) partition by range (run_id);
    create table countersign.run_snapshots_default partition of countersign.run_snapshots default;

    create table countersign.run_budgets (
      root uuid primary key,
      tenant text collate "C" not null,
      cap_micros bigint,
      cap_tokens bigint,
      cap_calls bigint,
      spent_micros bigint not null,
      spent_tokens bigint not null,
      spent_calls bigint not null,
      held_micros bigint not null default 0,
      held_tokens bigint not null default 0,
      held_calls bigint not null default 0
    ) with (fillfactor = 70);

    create table countersign.run_holds (
      root uuid not null,
      run_id uuid not null,
      slot text collate "C" not null,
      micros bigint not null,
      tokens bigint not null,
      calls bigint not null,
      settled boolean not null default false,
      primary key (root, run_id, slot)
    );
  `,
};

export const runSubjects: Migration = {
  name: "run subjects",
  sql: `
    -- Somebody with few runs among very many of others is shown them without reading those.
    create index runs_subject on countersign.runs (tenant, subject, run_id)
      where subject is not null;
  `,
};

export const callRuns: Migration = {
  name: "runs of calls",
  sql: `
    -- What is written of a call later names its run, as its intent does.
    alter table countersign.calls add column run_id uuid;
  `,
};
