import type { Migration } from "./migration.ts";

export const costs: Migration = {
  name: "costs",
  sql: `
    alter table countersign.runs
      -- How it stood at its last append; null until one is made that says so.
      add column steps bigint,
      add column why text collate "C",
      add column micros bigint,
      add column tokens bigint;

    -- What was spent, by day: of a run as one sum for each source, of a completion once.
    create table countersign.costs (
      -- The run, or the completion's entry.
      of uuid not null,
      is_run boolean not null,
      tenant text collate "C" not null,
      -- Since 1970, in UTC.
      day integer not null,
      kind text collate "C" not null,
      -- Empty: nobody knows.
      name text collate "C" not null,
      agent text collate "C",
      subject text collate "C",
      micros bigint not null,
      tokens bigint not null,
      unknown integer not null default 0,
      primary key (of, day, kind, name)
    ) with (fillfactor = 80);
    create index costs_tenant on countersign.costs (tenant, day);
    create index costs_subject on countersign.costs (tenant, subject) where subject is not null;
    create index costs_day on countersign.costs (day);
  `,
};
