import { attributes as kinds, type AttributeName } from "../../model/span-attributes.ts";
import type { EndedSpan } from "../../model/span.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";
import { writeRequest, type EncodingOptions } from "./write-request.ts";

const kindNumbers = { internal: 1, client: 3 } as const;
const statusError = 2;

/** An `ExportTraceServiceRequest`; the numbers are those of its `.proto`. The same spans give the same bytes. */
export function encodeSpans(spans: readonly EndedSpan[], options: EncodingOptions): Uint8Array {
  return writeRequest(new ProtobufWriter(), options, (items) => {
    for (const span of spans) items.message(2, (each) => writeSpan(each, span));
  });
}

function writeSpan(writer: ProtobufWriter, span: EndedSpan): void {
  writer.block(1, Buffer.from(span.traceId, "hex")).block(2, Buffer.from(span.spanId, "hex"));
  if (span.parentSpanId !== null) writer.block(4, Buffer.from(span.parentSpanId, "hex"));
  writer.text(5, span.name).varint(6, kindNumbers[span.kind]);
  writer.nanos(7, span.startMs).nanos(8, span.endMs);
  const { attributes } = span;
  for (const name in attributes) {
    const value = attributes[name as AttributeName];
    if (value !== undefined)
      writer.message(9, (each) => writeAttribute(each, name as AttributeName, value));
  }
  if (!span.isError) return;
  const { "error.type": type = "" } = attributes;
  writer.message(15, (status) => status.text(2, type).varint(3, statusError));
}

type Value = string | number | boolean | readonly string[];

/** The table says what a number is: one without a fraction may be a double all the same. */
function writeAttribute(writer: ProtobufWriter, name: AttributeName, value: Value): void {
  writer.text(1, name).message(2, (any) => {
    if (typeof value === "string") any.string(1, value);
    else if (typeof value === "boolean") any.varint(2, value ? 1 : 0);
    else if (typeof value !== "number") any.message(5, (list) => writeTexts(list, value));
    else if (kinds[name] === "double") any.double(4, value);
    else any.varint(3, value);
  });
}

function writeTexts(list: ProtobufWriter, values: readonly string[]): void {
  for (const value of values) list.message(1, (any) => any.string(1, value));
}
