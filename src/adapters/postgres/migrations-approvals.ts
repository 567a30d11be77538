import type { Migration } from "./migration.ts";

export const callsAndApprovals: Migration = {
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
};

export const passkeys: Migration = {
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
};

export const deliveries: Migration = {
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
};
