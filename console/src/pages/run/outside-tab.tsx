import type { RunTabProps } from "./run-tabs.ts";

export function OutsideTab({ run }: RunTabProps) {
  return <p>{run.id}</p>;
}
