import type { RunTabProps } from "./run-tabs.ts";

export function WhyTab({ run }: RunTabProps) {
  return <p>{run.id}</p>;
}
