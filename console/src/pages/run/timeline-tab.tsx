import type { RunTabProps } from "./run-tabs.ts";

export function TimelineTab({ run }: RunTabProps) {
  return <p>{run.id}</p>;
}
