import type { RunTabProps } from "./run-tabs.ts";

export function ContextTab({ run }: RunTabProps) {
  return <p>{run.id}</p>;
}
