import type { LogRecord } from "../../ports/log-line.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";
import { writeRequest, type EncodingOptions } from "./write-request.ts";

const severities = { debug: 5, info: 9, warn: 13, error: 17 } as const;
const traceShape = /^(?!0{32})[0-9a-f]{32}$/;

/** An `ExportLogsServiceRequest`: the message is the body, fields are attributes, and `trace` is the trace's id. */
export function encodeLogs(records: readonly LogRecord[], options: EncodingOptions): Uint8Array {
  return writeRequest(new ProtobufWriter(), options, (items) => {
    for (const record of records) items.message(2, (each) => writeRecord(each, record));
  });
}

function writeRecord(writer: ProtobufWriter, { atMs, level, message, fields }: LogRecord): void {
  writer.nanos(1, atMs).varint(2, severities[level]).text(3, level);
  writer.message(5, (any) => any.string(1, message));
  const { trace } = fields;
  const isTrace = typeof trace === "string" && traceShape.test(trace);
  for (const name in fields)
    if (!(isTrace && name === "trace"))
      writer.message(6, (each) => writeField(each, name, fields[name]));
  if (isTrace) writer.block(9, Buffer.from(trace, "hex"));
  writer.nanos(11, atMs);
}

function writeField(writer: ProtobufWriter, name: string, value: unknown): void {
  writer.text(1, name).message(2, (any) => writeValue(any, value));
}

/** What JSON can hold; of null the message is empty, which means the same. */
function writeValue(any: ProtobufWriter, value: unknown): void {
  if (typeof value === "string") any.string(1, value);
  else if (typeof value === "boolean") any.varint(2, value ? 1 : 0);
  else if (typeof value === "number") writeNumber(any, value);
  else if (Array.isArray(value)) any.message(5, (list) => writeList(list, value));
  else if (typeof value === "object" && value !== null)
    any.message(6, (members) => {
      for (const [name, each] of Object.entries(value))
        members.message(1, (member) => writeField(member, name, each));
    });
}

function writeNumber(any: ProtobufWriter, value: number): void {
  if (Number.isSafeInteger(value)) any.varint(3, value);
  else any.double(4, value);
}

function writeList(list: ProtobufWriter, values: readonly unknown[]): void {
  for (const value of values) list.message(1, (any) => writeValue(any, value));
}
