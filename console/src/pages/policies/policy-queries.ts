import { queryOptions } from "@tanstack/react-query";
import type { Client } from "../../../../src/client/client.ts";

/** Rules change with a revision. */
const everyMs = 15_000;

/** What of the serving revision is about policy. */
export interface ServingPolicy {
  readonly digest: string;
  readonly appliedAt: string;
  /** What holds where no rules are written. */
  readonly rule: string;
  readonly texts: readonly { readonly name: string; readonly text: string }[];
  readonly toolsets: readonly string[];
  readonly agents: readonly string[];
}

export function servingQuery(client: Client) {
  return queryOptions({
    queryKey: ["policy", "serving"],
    queryFn: async (): Promise<ServingPolicy> => {
      const { digest, appliedAt, document } = (await client.getConfig()).body;
      return { digest, appliedAt, ...readPolicy(document) };
    },
    refetchInterval: everyMs,
  });
}

export function checkQuery(client: Client) {
  return queryOptions({
    queryKey: ["policy", "check"],
    queryFn: async () => (await client.checkPolicy({ body: JSON.stringify({}) })).body,
    refetchInterval: everyMs,
  });
}

type PolicyOfDocument = Pick<ServingPolicy, "rule" | "texts" | "toolsets" | "agents">;

export function readPolicy(document: unknown): PolicyOfDocument {
  const policy = memberOf(document, "policy");
  const rule = memberOf(policy, "rule");
  const rules = memberOf(policy, "rules");
  return {
    rule: typeof rule === "string" ? rule : "deny-all",
    texts: entriesOf(rules).flatMap(([name, text]) =>
      typeof text === "string" ? [{ name, text }] : [],
    ),
    toolsets: entriesOf(memberOf(document, "toolsets")).map(([name]) => name),
    agents: entriesOf(memberOf(document, "agents")).map(([name]) => name),
  };
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}
