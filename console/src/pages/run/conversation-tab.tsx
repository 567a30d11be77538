import type { RunTabProps } from "./run-tabs.ts";

export function ConversationTab({ run }: RunTabProps) {
  return <p>{run.id}</p>;
}
