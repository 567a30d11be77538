import type { TenantId } from "../model/index.ts";
import type { SpanSink } from "../ports/span-sink.ts";
import type { KeepRules } from "./keep-trace.ts";
import type { Redaction } from "./to-exported.ts";

/** Somebody who is sent traces of one tenant. */
export interface TraceDestination extends Redaction {
  readonly name: string;
  readonly tenant: TenantId;
  readonly keep: KeepRules;
  readonly hasTexts: boolean;
  /** Connects with the first spans. */
  readonly open: () => SpanSink;
}
