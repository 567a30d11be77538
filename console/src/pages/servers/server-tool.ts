import type { ServerFacts } from "../../../../src/client/client.ts";

export type ServerTool = ServerFacts["tools"][number];

/** What makes a tool hard to use for a model. */
export interface Complaint {
  readonly tool: string;
  readonly rule: string;
  readonly message: string;
}
