import type { Migration } from "./migration.ts";

export const log: Migration = {
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
};
