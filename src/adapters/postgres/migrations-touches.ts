import type { Migration } from "./migration.ts";

export const touches: Migration = {
  name: "touches",
  sql: `
    create table countersign.touches (
      tenant text collate "C" not null,
      -- Keyed hash of what a tool declares that it changes.
      key bytea not null,
      changed_at bigint,
      changed_run uuid,
      -- The call that changes it now, as long as it may be sent.
      open_by text collate "C",
      open_hold text collate "C",
      open_run uuid,
      open_until bigint,
      primary key (tenant, key),
      check ((open_by is null) = (open_until is null))
    );
    create index touches_age on countersign.touches
      (greatest(coalesce(changed_at, 0), coalesce(open_until, 0)));
  `,
};
