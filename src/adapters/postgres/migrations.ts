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
  {
    name: "calls and approvals",
    sql: `
      create table countersign.calls (
        -- Of the intent's entry.
        id uuid not null,
        tenant text collate "C" not null,
        subject text collate "C" not null,
        server text collate "C" not null,
        tool text collate "C",
        intent bytea not null,
        approval uuid,
        state text collate "C" not null check (state in ('open', 'done', 'failed', 'unknown')),
        not_after bigint not null,
        created_at bigint not null,
        opening bytea,
        outcome uuid,
        resolution uuid,
        result bytea,
        primary key (id, tenant)
      ) partition by range (id);
      create index calls_in_doubt on countersign.calls (tenant, id)
        where state in ('open', 'unknown');
      create table countersign.calls_default partition of countersign.calls default
        with (fillfactor = 80);

      create table countersign.call_keys (
        tenant text collate "C" not null,
        hash bytea not null,
        fingerprint bytea not null,
        call uuid not null,
        expires_at bigint not null,
        primary key (tenant, hash)
      );
      create index call_keys_expires_at on countersign.call_keys (expires_at);

      create table countersign.used_approvals (
        tenant text collate "C" not null,
        id uuid not null,
        expires_at bigint not null,
        primary key (tenant, id)
      );
      create index used_approvals_expires_at on countersign.used_approvals (expires_at);

      alter table countersign.approvals
        add column key bytea not null default '',
        add column server text collate "C" not null default '',
        add column tool text collate "C",
        add column agent text collate "C",
        add column subject text collate "C" not null default '',
        add column opening bytea;
      alter table countersign.approvals rename column verdict to verdicts;
      create unique index approvals_waiting_key on countersign.approvals (tenant, key)
        where state in ('pending', 'approved') and key <> '';
      create index approvals_denied_key on countersign.approvals (tenant, key)
        where state = 'denied';
      create index approvals_pending_subject on countersign.approvals (tenant, subject)
        where state = 'pending';
      create index approvals_consumed on countersign.approvals (tenant, server, tool, id)
        where state = 'consumed';
    `,
  },
  {
    name: "passkeys",
    sql: `
      create table countersign.passkeys (
        tenant text collate "C" not null,
        id bytea not null,
        subject text collate "C" not null,
        public_key bytea not null,
        algorithm integer not null,
        counter bigint not null,
        transports text[] not null,
        added_by text not null,
        added_at bigint not null,
        used_at bigint,
        primary key (tenant, id)
      );
      create index passkeys_subject on countersign.passkeys (tenant, subject, id);

      create table countersign.passkey_invitations (
        tenant text collate "C" not null,
        -- Of the code, which is kept nowhere.
        hash bytea not null,
        subject text collate "C" not null,
        invited_by text not null,
        expires_at bigint not null,
        primary key (tenant, hash)
      );

      -- Those that were spent before they ran out.
      create table countersign.passkey_challenges (
        tenant text collate "C" not null,
        hash bytea not null,
        expires_at bigint not null,
        primary key (tenant, hash)
      );
      create index passkey_challenges_expires_at
        on countersign.passkey_challenges (tenant, expires_at);
    `,
  },
  {
    name: "log",
    sql: `
      -- The Merkle log of each tenant. An epoch is open until a restore from a backup ends it.
      create table countersign.log_epochs (
        tenant text collate "C" not null,
        epoch bigint not null,
        -- Its leaves have cursors behind this one.
        start_cursor bigint not null,
        size bigint not null,
        root bytea not null,
        cursor bigint not null,
        note text,
        signed_size bigint,
        opened_at bigint not null,
        is_open boolean not null,
        primary key (tenant, epoch)
      );
      create unique index log_epochs_open on countersign.log_epochs (tenant) where is_open;

      -- Hash tiles as https://c2sp.org/tlog-tiles lays them out.
      create table countersign.log_tiles (
        tenant text collate "C" not null,
        epoch bigint not null,
        level integer not null,
        index bigint not null,
        hashes bytea not null,
        -- Of its leaves; null above level 0.
        first_cursor bigint,
        last_cursor bigint,
        primary key (tenant, epoch, level, index)
      );
      create index log_tiles_last_cursor on countersign.log_tiles (tenant, last_cursor)
        where level = 0;

      create index calls_approval on countersign.calls (tenant, approval)
        where approval is not null;

      create table countersign.replicas (
        id uuid primary key,
        durable_to bigint not null,
        beat_at bigint not null
      );

      -- Between two cursors there is room for the entries that begin an epoch.
      alter sequence countersign.entries_cursor increment by 16;
      select setval('countersign.entries_cursor',
        (select (last_value / 16 + 1) * 16 from countersign.entries_cursor));
    `,
  },
  {
    name: "deliveries",
    sql: `
      -- What webhooks are told. Ended rows stay for some days, so that none is told twice.
      create table countersign.deliveries (
        position bigint generated always as identity,
        tenant text collate "C" not null,
        hook text collate "C" not null,
        event text collate "C" not null,
        body bytea not null,
        state text collate "C" not null check (state in ('waiting', 'done', 'given_up')),
        tries integer not null,
        due_at bigint not null,
        created_at bigint not null,
        primary key (tenant, hook, event)
      );
      create index deliveries_due on countersign.deliveries (tenant, hook, due_at)
        where state = 'waiting';
      create index deliveries_waiting on countersign.deliveries (tenant, position)
        where state = 'waiting';
      create index deliveries_created_at on countersign.deliveries (created_at);
      create unique index deliveries_position on countersign.deliveries (position);
    `,
  },
];
