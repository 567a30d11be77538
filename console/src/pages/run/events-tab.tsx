import type { RunTabProps } from "./run-tabs.ts";

export function EventsTab({ run }: RunTabProps) {
  return <p>{run.id}</p>;
}
