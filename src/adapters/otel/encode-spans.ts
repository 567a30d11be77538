import { attributes as kinds, type AttributeName } from "../../model/span-attributes.ts";
import type { EndedSpan } from "../../model/span.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";
import { writeRequest, type EncodingOptions } from "./write-request.ts";

const kindNumbers = { internal: 1, client: 3 } as const;
const statusError = 2;
/** One of a call, with its attributes. */
const usualBytes = 640;

/** An `ExportTraceServiceRequest`; the numbers are those of its `.proto`. The same spans give the same bytes. */
export function encodeSpans(spans: readonly EndedSpan[], options: EncodingOptions): Uint8Array {
  const writer = new ProtobufWriter(1_024 + spans.length * usualBytes);
  return writeRequest(writer, options, (items) => {
    for (const span of spans) items.message(2, (each) => writeSpan(each, span));
  });
}

function writeSpan(writer: ProtobufWriter, span: EndedSpan): void {
  writer.hex(1, span.traceId).hex(2, span.spanId);
  if (span.parentSpanId !== null) writer.hex(4, span.parentSpanId);
  writer.text(5, span.name).varint(6, kindNumbers[span.kind]);
  writer.nanos(7, span.startMs).nanos(8, span.endMs);
  const { attributes } = span;
  for (const name in attributes) {
    const value = attributes[name as AttributeName];
    if (value === undefined) continue;
    const each = writer.begin(9);
    writeAttribute(writer, name as AttributeName, value);
    writer.end(each);
  }
  if (!span.isError) return;
  const { "error.type": type = "" } = attributes;
  writer.message(15, (status) => status.text(2, type).varint(3, statusError));
}

type Value = string | number | boolean | readonly string[];

/** The table says what a number is: one without a fraction may be a double all the same. */
function writeAttribute(writer: ProtobufWriter, name: AttributeName, value: Value): void {
  const any = writer.text(1, name).begin(2);
  if (typeof value === "string") writer.string(1, value);
  else if (typeof value === "boolean") writer.varint(2, value ? 1 : 0);
  else if (typeof value !== "number") writer.message(5, (list) => writeTexts(list, value));
  else if (kinds[name] === "double") writer.double(4, value);
  else writer.varint(3, value);
  writer.end(any);
}

function writeTexts(list: ProtobufWriter, values: readonly string[]): void {
  for (const value of values) list.message(1, (any) => any.string(1, value));
}
