import type { Migration } from "./migration.ts";

export const ground: Migration = {
  name: "ground",
  sql: `
    create table countersign.runs (
      run_id uuid primary key,
      tenant text collate "C" not null,
      epoch bigint not null,
      head bigint not null,
      priority integer not null,
      wake_at bigint,
      ended boolean not null,
      -- Which write made the row, to know our own after a lost connection.
      token bigint not null
    ) partition by range (run_id);
    create index runs_wake_at on countersign.runs (wake_at) where wake_at is not null;

    create table countersign.events (
      run_id uuid not null,
      seq bigint not null,
      tenant text collate "C" not null,
      token bigint not null,
      payload bytea not null,
      primary key (run_id, seq)
    ) partition by range (run_id);

    create sequence countersign.entries_cursor;
    create table countersign.entries (
      id uuid not null,
      tenant text collate "C" not null,
      cursor bigint not null,
      bytes bytea not null,
      primary key (id, tenant)
    ) partition by range (id);
    create index entries_tenant_cursor on countersign.entries (tenant, cursor);

    -- An insert never fails for want of a partition.
    create table countersign.runs_default partition of countersign.runs default
      with (fillfactor = 70);
    create table countersign.events_default partition of countersign.events default;
    create table countersign.entries_default partition of countersign.entries default;

    create table countersign.blobs (
      tenant text collate "C" not null,
      id bytea not null,
      bytes bytea not null,
      primary key (tenant, id)
    );

    create table countersign.revisions (
      position bigint primary key,
      digest bytea not null,
      bytes bytea not null,
      applied_at bigint not null
    );
    create index revisions_digest on countersign.revisions (digest, position);

    create table countersign.pins (
      tenant text collate "C" not null,
      server text collate "C" not null,
      tool text collate "C" not null,
      digest bytea not null,
      definition bytea not null,
      accepted_by text not null,
      accepted_at bigint not null,
      primary key (tenant, server, tool)
    );

    create table countersign.approvals (
      tenant text collate "C" not null,
      id uuid not null,
      run_id uuid,
      intent bytea not null,
      state text collate "C" not null check
        (state in ('pending', 'approved', 'denied', 'expired', 'consumed', 'voided')),
      request bytea not null,
      verdict bytea,
      created_at bigint not null,
      expires_at bigint not null,
      -- Which write consumed it, to know our own after a lost connection.
      token bigint,
      primary key (tenant, id)
    );
    create index approvals_state on countersign.approvals (tenant, state, id);
    create index approvals_expiry on countersign.approvals (expires_at)
      where state in ('pending', 'approved');

    create table countersign.memories (
      tenant text collate "C" not null,
      scope text collate "C" not null,
      key text collate "C" not null,
      text text not null,
      source bytea not null,
      embedder text,
      embedding bytea,
      updated_at bigint not null,
      primary key (tenant, scope, key)
    );
  `,
};

export const letters: Migration = {
  name: "letters",
  sql: `
    -- Between replicas and gone in seconds: what a crash loses is a call that the crash ended.
    create unlogged table countersign.letters (
      id uuid primary key,
      owner text collate "C" not null,
      body bytea not null,
      put_at bigint not null,
      beat_at bigint,
      reply bytea
    );
    create index letters_untaken on countersign.letters (owner) where beat_at is null;
  `,
};
