import type { Migration } from "./migration.ts";

export const workspaces: Migration = {
  name: "workspaces",
  sql: `
    create table countersign.workspaces (
      id bigint generated always as identity primary key,
      tenant text collate "C" not null,
      server text collate "C" not null,
      owner text collate "C" not null,
      -- Goes with it; null: of whoever called outside of runs.
      run_id uuid,
      subject text collate "C" not null,
      version bigint not null,
      manifest bytea not null,
      calls text[] not null,
      changed_at bigint not null,
      unique (tenant, server, owner)
    );
    create index workspaces_run on countersign.workspaces (run_id) where run_id is not null;
    create index workspaces_subject on countersign.workspaces (tenant, subject)
      where run_id is null;
    create index workspaces_changed_at on countersign.workspaces (changed_at)
      where run_id is null;

    -- What the newest state of each consists of, and nothing else.
    create table countersign.workspace_blobs (
      workspace bigint not null references countersign.workspaces (id) on delete cascade,
      id bytea not null,
      bytes bytea not null,
      primary key (workspace, id)
    );
    -- Sealed bytes do not get smaller: none is tried.
    alter table countersign.workspace_blobs alter column bytes set storage external;
  `,
};
