import type { Migration } from "./migration.ts";

export const secrets: Migration = {
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
};

export const labelsAndFreezes: Migration = {
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
};

export const budgets: Migration = {
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
};
