import path from "node:path";
import { parseArgs } from "node:util";
import type { CallToolResult, ServerContext } from "@modelcontextprotocol/server";

/** The member of `_meta` in which a key comes: `idempotencyKey` in countersign.yaml names it. */
const keyMember = "example.com/idempotency-key";

/** Absent where the caller names none: then each call counts. */
export function readKey({ mcpReq }: ServerContext): string | undefined {
  const key = mcpReq._meta?.[keyMember];
  return typeof key === "string" && key !== "" ? key : undefined;
}

export function answer(structuredContent: Record<string, unknown>): CallToolResult {
  return {
    content: [{ type: "text", text: JSON.stringify(structuredContent) }],
    structuredContent,
  };
}

/** Nothing was done; the model reads why. */
export function refuse(text: string): CallToolResult {
  return { content: [{ type: "text", text }], isError: true };
}

export interface ServerOptions {
  /** Where state is kept. */
  readonly directory: string;
  readonly port: number;
  /** Ends when its standard input does. */
  readonly withParent: boolean;
  /** Names a process that still needs it then. */
  readonly after: string | null;
}

/** `--state DIR`, else TRAVEL_STATE, else `.travel` beside the servers' folder. */
export function readOptions(): ServerOptions {
  const { values } = parseArgs({
    options: {
      state: { type: "string" },
      port: { type: "string", default: "7071" },
      "with-parent": { type: "boolean", default: false },
      after: { type: "string" },
    },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error("--port takes a whole number from 0 to 65535.");
  }
  const usual = path.join(import.meta.dirname, "..", ".travel");
  const directory = values.state ?? process.env["TRAVEL_STATE"] ?? usual;
  return { directory, port, withParent: values["with-parent"], after: values.after ?? null };
}
