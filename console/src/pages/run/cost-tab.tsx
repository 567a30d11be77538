import type { RunTabProps } from "./run-tabs.ts";

export function CostTab({ run }: RunTabProps) {
  return <p>{run.id}</p>;
}
