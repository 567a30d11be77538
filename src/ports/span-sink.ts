import type { EndedSpan } from "../model/span.ts";
import type { Sink } from "./sink.ts";

/** Somebody who is sent spans, at most `spansAtOnce`. The same ones may come again, with the same ids and bytes. */
export type SpanSink = Sink<readonly EndedSpan[]>;

export const spansAtOnce = 256;
