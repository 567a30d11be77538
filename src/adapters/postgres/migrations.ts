/**
 * The schema as an ordered list of steps. A step that was released is never edited: its checksum
 * is recorded where it was applied, and a difference is refused. Change means a new step.
 *
 * Runs, events and entries are partitioned by the month in their UUIDv7, so that years can be
 * dropped whole; other tables are small. A run and its events share their month, which is what
 * lets `dropEndedPartitions` look at the runs alone.
 * Bytes that a digest was taken over are bytea: jsonb would re-order and re-write them.
 * Text is compared byte by byte (`collate "C"`), alike on every platform.
 */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

export const migrations: readonly Migration[] = [
  {
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
  },
  {
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
  },
  {
    name: "secrets",
    sql: `
      create table countersign.secrets (
        tenant text collate "C" not null,
        name text collate "C" not null,
        -- Whose it is; null: for all.
        subject text collate "C",
        version bigint not null,
        hosts text[] not null,
        sealed bytea not null,
        wrapped bytea not null,
        key_id text collate "C" not null,
        written_at bigint not null
      );
      create unique index secrets_key
        on countersign.secrets (tenant, name, subject nulls first);
      -- Nulls are distinct to the index above.
      create unique index secrets_for_all on countersign.secrets (tenant, name)
        where subject is null;

      -- The highest version that was removed: new rows begin above it, so that none comes twice.
      create table countersign.secret_floors (
        tenant text collate "C" primary key,
        version bigint not null
      );
    `,
  },
  {
    name: "labels and freezes",
    sql: `
      create table countersign.labels (
        tenant text collate "C" not null,
        context bytea not null,
        labels text[] not null,
        touched_at bigint not null,
        primary key (tenant, context)
      );
      create index labels_touched_at on countersign.labels (touched_at);

      create table countersign.freezes (
        position bigint generated always as identity primary key,
        tenant text collate "C" not null,
        kind text collate "C" not null,
        name text collate "C" not null,
        reason text not null,
        put_by text not null,
        put_at bigint not null,
        lifted_by text,
        lifted_at bigint
      );
      create unique index freezes_active on countersign.freezes (tenant, kind, name)
        where lifted_at is null;
    `,
  },
  {
    name: "budgets",
    sql: `
      create table countersign.spendings (
        tenant text collate "C" not null,
        budget text collate "C" not null,
        -- Whose share: a caller, a tool…, hashed.
        share bytea not null,
        period_start bigint not null,
        used bigint not null,
        -- Of the last lease: an update does not tell what was there before.
        granted bigint not null,
        primary key (tenant, budget, share, period_start)
      );
      create index spendings_period_start on countersign.spendings (period_start);
    `,
  },
];
