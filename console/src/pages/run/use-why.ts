import { useQuery } from "@tanstack/react-query";
import type { Run } from "../../../../src/client/client.ts";
import { Fault } from "../../../../src/model/fault.ts";
import { sessionState, type Session } from "../../shell/session.ts";
import { useSignal } from "../../ui/signal.ts";
import { readReceiptFacts, type ReceiptFacts } from "./receipt-facts.ts";
import { contentQuery } from "./run-queries.ts";
import type { RunSource } from "./run-source.ts";
import { readArgs, readDenial, type WhyCall } from "./why-calls.ts";

/** What somebody else than the log knows of a call, or why that is not shown. */
export type Asked<T> =
  | { readonly kind: "reading" }
  | { readonly kind: "read"; readonly value: T }
  | { readonly kind: "missing"; readonly why: string };

export interface WhyScope {
  readonly source: RunSource;
  readonly run: Run;
  readonly call: WhyCall;
}

const notInFile = "It is not in the file.";

/** Null for a file: there is nobody to ask. */
function useAsker(source: RunSource): Session | null {
  const { session } = useSignal(sessionState);
  return source.isLive ? session : null;
}

interface Asking<T> {
  readonly key: readonly string[];
  /** Null: there is nothing to ask for; it says why. */
  readonly ask: ((session: Session) => Promise<T>) | string;
  readonly roles?: readonly Session["holder"]["roles"][number][];
}

function useAsked<T>(source: RunSource, { key, ask, roles }: Asking<T>): Asked<T> {
  const session = useAsker(source);
  const mine = session?.holder.roles ?? [];
  const isAllowed = roles === undefined || roles.some((role) => mine.includes(role));
  const { data, error } = useQuery({
    queryKey: ["why", ...key],
    queryFn: async () => (typeof ask === "string" ? null : { value: await ask(session!) }),
    enabled: typeof ask !== "string" && session !== null && isAllowed,
    staleTime: Infinity,
    gcTime: 60_000,
  });
  if (typeof ask === "string") return { kind: "missing", why: ask };
  if (session === null) return { kind: "missing", why: notInFile };
  if (!isAllowed)
    return {
      kind: "missing",
      why: `It takes the role ${roles.join(" or ")}; you are ${mine.join(", ")}.`,
    };
  if (data !== undefined && data !== null) return { kind: "read", value: data.value };
  if (error === null) return { kind: "reading" };
  const why =
    error instanceof Fault && error.code === "not_found" ? "It is gone by now." : error.message;
  return { kind: "missing", why };
}

export function useBundle({ source, run: { bundle } }: WhyScope) {
  return useAsked(source, {
    key: ["bundle", bundle],
    roles: ["admin", "viewer", "operator", "auditor"],
    ask: async ({ client }) => (await client.getBundle({ digest: bundle })).body.bundle,
  });
}

export function useApproval({ source }: WhyScope, approval: string) {
  return useAsked(source, {
    key: ["approval", approval],
    roles: ["approver", "admin", "operator", "auditor"],
    ask: async ({ client }) => (await client.getApproval({ id: approval })).body,
  });
}

export function useReceipt({ source, call }: WhyScope): Asked<ReceiptFacts> {
  const entry = call.ended?.entry ?? call.started?.entry ?? null;
  return useAsked<ReceiptFacts>(source, {
    key: ["receipt", entry ?? "none", call.ended === null ? "open" : "ended"],
    roles: ["admin", "auditor", "caller"],
    ask:
      entry === null
        ? "The run's log names no entry: of reads, and of what was never sent, the ledger alone says more."
        : async ({ client }) => readReceiptFacts((await client.getReceipt({ id: entry })).body),
  });
}

/** A text of the run: its source may have it, or not. */
function useText<T>(
  source: RunSource,
  digest: string | null,
  read: (text: string) => T | null,
): Asked<T> {
  const { data, error } = useQuery({
    ...contentQuery(source, digest ?? ""),
    enabled: digest !== null,
  });
  if (digest === null) return { kind: "missing", why: "There is no such text." };
  if (data === undefined)
    return error === null ? { kind: "reading" } : { kind: "missing", why: error.message };
  if (data === null)
    return { kind: "missing", why: source.isLive ? "The text is gone by now." : notInFile };
  const value = read(data);
  return value === null
    ? { kind: "missing", why: "The text does not say it." }
    : { kind: "read", value };
}

export function useArgs({ source, call }: WhyScope): Asked<string> {
  return useText(source, call.response, (text) => readArgs(text, call.ordinal));
}

export function useDenial({ source, call }: WhyScope): Asked<string> {
  const isDenied = call.ended?.outcome === "denied";
  return useText(source, isDenied ? call.ended.result : null, readDenial);
}

export interface Questioned {
  readonly roles: readonly string[];
  readonly toolset: string | null;
  readonly args: string | null;
}

/** What policy says of such a call today: it gives the rules their words. */
export function usePolicyWords(
  { source, run, call }: WhyScope,
  { roles, toolset, args }: Questioned,
) {
  const [kind, ...subject] = run.subject.split(":");
  const isReady = args !== null && toolset !== null;
  return useAsked(source, {
    key: ["policy", run.id, String(call.step), String(call.ordinal), String(isReady)],
    roles: ["admin", "viewer", "operator", "auditor"],
    ask: isReady
      ? async ({ client }) => {
          const as = { subject: subject.join(":"), kind, roles, agent: run.agent };
          const question = { as, tool: call.tool, args: JSON.parse(args) as unknown, toolset };
          return (await client.explainPolicy({ body: JSON.stringify({ question }) })).body;
        }
      : "Without its arguments and its bundle, policy cannot be asked about it again.",
  });
}
