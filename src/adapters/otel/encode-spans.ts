import {
  attributes as kinds,
  conventions,
  type AttributeName,
} from "../../model/span-attributes.ts";
import type { EndedSpan } from "../../model/span.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";

export interface EncodingOptions {
  /** Of this program. */
  readonly version: string;
}

const schemaUrl = `https://opentelemetry.io/schemas/${conventions}`;
const kindNumbers = { internal: 1, client: 3 } as const;
const statusError = 2;

/** An `ExportTraceServiceRequest`; the numbers are those of its `.proto`. The same spans give the same bytes. */
export function encodeSpans(spans: readonly EndedSpan[], { version }: EncodingOptions): Uint8Array {
  const request = new ProtobufWriter().message(1, (resourceSpans) => {
    resourceSpans.message(1, (resource) => {
      resource.message(1, (each) => writeText(each, "service.name", "countersign"));
      resource.message(1, (each) => writeText(each, "service.version", version));
    });
    resourceSpans.message(2, (scopeSpans) => {
      scopeSpans.message(1, (scope) => scope.text(1, "countersign"));
      for (const span of spans) scopeSpans.message(2, (each) => writeSpan(each, span));
      scopeSpans.text(3, schemaUrl);
    });
    resourceSpans.text(3, schemaUrl);
  });
  return request.bytes();
}

function writeSpan(writer: ProtobufWriter, span: EndedSpan): void {
  writer.block(1, Buffer.from(span.traceId, "hex")).block(2, Buffer.from(span.spanId, "hex"));
  if (span.parentSpanId !== null) writer.block(4, Buffer.from(span.parentSpanId, "hex"));
  writer.text(5, span.name).varint(6, kindNumbers[span.kind]);
  writer.fixed64(7, toNanos(span.startMs)).fixed64(8, toNanos(span.endMs));
  for (const [name, value] of Object.entries(span.attributes))
    writer.message(9, (each) => writeAttribute(each, name as AttributeName, value));
  if (!span.isError) return;
  const { "error.type": type = "" } = span.attributes;
  writer.message(15, (status) => status.text(2, type).varint(3, statusError));
}

function toNanos(ms: number): bigint {
  return BigInt(Math.round(ms * 1_000)) * 1_000n;
}

type Value = string | number | boolean | readonly string[];

/** The table says what a number is: one without a fraction may be a double all the same. */
function writeAttribute(writer: ProtobufWriter, name: AttributeName, value: Value): void {
  writer.text(1, name).message(2, (any) => {
    if (typeof value === "string") any.block(1, Buffer.from(value.toWellFormed()));
    else if (typeof value === "boolean") any.varint(2, value ? 1 : 0);
    else if (typeof value !== "number") any.message(5, (list) => writeTexts(list, value));
    else if (kinds[name] === "double") any.double(4, value);
    else any.varint(3, value);
  });
}

function writeTexts(list: ProtobufWriter, values: readonly string[]): void {
  for (const value of values)
    list.message(1, (any) => any.block(1, Buffer.from(value.toWellFormed())));
}

function writeText(writer: ProtobufWriter, name: string, value: string): void {
  writer.text(1, name).message(2, (any) => any.block(1, Buffer.from(value)));
}
