import type { Migration } from "./migration.ts";

export const memory: Migration = {
  name: "memory",
  sql: `
    -- Made with the ground, and nothing ever wrote to it.
    drop table countersign.memories;

    create table countersign.memories (
      tenant text collate "C" not null,
      scope text collate "C" not null,
      key text collate "C" not null,
      subject text collate "C" not null,
      text text not null,
      labels text[] not null,
      source_name text collate "C",
      source bytea not null,
      -- When its source was first seen to be another.
      changed_at bigint,
      -- Id and version as a JSON array; empty where there is no vector.
      embedder text collate "C" not null,
      embedding real[],
      words tsvector not null,
      created_at bigint not null,
      updated_at bigint not null,
      primary key (tenant, scope, key),
      check ((embedder = '') = (embedding is null))
    );
    -- Numbers of a vector do not get smaller: none is tried.
    alter table countersign.memories alter column embedding set storage external;
    create index memories_words on countersign.memories using gin (words);
    create index memories_subject on countersign.memories (tenant, subject);
    create index memories_source on countersign.memories (tenant, scope, source_name)
      where source_name is not null;
    -- Those of another embedder are counted with each search: two ranges of this one.
    create index memories_embedder on countersign.memories (tenant, scope, embedder);
    create index memories_embedders on countersign.memories (embedder);
    create index memories_changed on countersign.memories (tenant, scope)
      where changed_at is not null;

    -- One for each scope that holds anything: whoever writes there holds it.
    create table countersign.memory_scopes (
      tenant text collate "C" not null,
      scope text collate "C" not null,
      rows integer not null,
      written_at bigint not null,
      primary key (tenant, scope)
    );
  `,
};
