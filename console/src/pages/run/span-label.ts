import { isWait, type TraceSpan } from "../../../../src/client/trace-rows.ts";

export type SpanKind = "model" | "tool" | "agent" | "wait" | "other";

export function toSpanKind(span: TraceSpan): SpanKind {
  if (isWait(span)) return "wait";
  const kind = span.attributes["openinference.span.kind"];
  if (kind === "LLM") return "model";
  if (kind === "AGENT") return "agent";
  return kind === "TOOL" ? "tool" : "other";
}

/** Two underlines end the server's part of a tool's name. */
export function splitTool(exposed: string): {
  readonly server: string | null;
  readonly tool: string;
} {
  const at = exposed.indexOf("__");
  if (at <= 0) return { server: null, tool: exposed };
  return { server: exposed.slice(0, at), tool: exposed.slice(at + 2) };
}

export function toToolName(exposed: string): string {
  const { server, tool } = splitTool(exposed);
  return server === null ? tool : `${server} · ${tool}`;
}

export const awaitedWords: Readonly<Record<string, string>> = {
  approval: "a person",
  credential: "consent",
  timer: "a time",
  signal: "a signal",
  run: "a sub-agent",
};

/** What a span is called where there is little room. */
export function toSpanLabel(span: TraceSpan): string {
  const { attributes, name } = span;
  const text = (key: string): string | null => {
    const value = attributes[key];
    return typeof value === "string" ? value : null;
  };
  switch (toSpanKind(span)) {
    case "tool":
      return toToolName(text("gen_ai.tool.name") ?? name);
    case "model":
      return `${attributes["countersign.summary"] === true ? "summary by" : "model"} ${text("gen_ai.request.model") ?? ""}`.trimEnd();
    case "agent":
      return `agent ${text("gen_ai.agent.name") ?? name}`;
    case "wait": {
      const what = text("countersign.wait") ?? "";
      const named = name.split(" ").slice(2).join(" ");
      return `waits for ${awaitedWords[what] ?? what}${named === "" ? "" : ` ${named}`}`;
    }
    case "other":
      return name.replaceAll("_", " ");
  }
}

/** How it went wrong: a run may have stopped, and can go on. */
export function toFailureWord(span: TraceSpan): string {
  const outcome = span.attributes["countersign.outcome"];
  return toSpanKind(span) === "agent" && typeof outcome === "string" ? outcome : "failed";
}
