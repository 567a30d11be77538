import type { EndedSpan } from "../../src/model/span.ts";

export function makeSpan(more: Partial<EndedSpan> = {}): EndedSpan {
  return {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    parentSpanId: null,
    name: "execute_tool bank__pay",
    kind: "client",
    startMs: 1_000,
    endMs: 2_500,
    isError: false,
    attributes: { "gen_ai.tool.name": "bank__pay" },
    endSeq: 3,
    texts: { input: null, output: null },
    ...more,
  };
}
