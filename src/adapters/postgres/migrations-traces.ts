import type { Migration } from "./migration.ts";

export const traces: Migration = {
  name: "traces",
  sql: `
    -- How far a destination has come, and which process has it. Spans are made again from logs.
    create table countersign.trace_marks (
      tenant text collate "C" not null,
      destination text collate "C" not null,
      owner text collate "C",
      until bigint not null,
      since bigint not null,
      entries bigint,
      primary key (tenant, destination)
    );
    create table countersign.trace_runs (
      tenant text collate "C" not null,
      destination text collate "C" not null,
      run_id uuid not null,
      -- Of its tree.
      root uuid not null,
      seen bigint not null,
      sent bigint not null,
      primary key (tenant, destination, run_id)
    );
  `,
};
