import type { Run } from "../../../../src/client/client.ts";

/** What may be done to a run, beside its name. */
export function RunActions({ run }: { readonly run: Run }) {
  return <span hidden>{run.id}</span>;
}
