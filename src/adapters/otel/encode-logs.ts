import type { LogRecord } from "../../ports/log-line.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";
import { writeRequest, type EncodingOptions } from "./write-request.ts";

const severities = { debug: 5, info: 9, warn: 13, error: 17 } as const;
/** One of a call, with its attributes. */
const usualBytes = 768;
const traceShape = /^(?!0{32})[0-9a-f]{32}$/;

/** An `ExportLogsServiceRequest`: the message is the body, fields are attributes, and `trace` is the trace's id. */
export function encodeLogs(records: readonly LogRecord[], options: EncodingOptions): Uint8Array {
  const writer = new ProtobufWriter(1_024 + records.length * usualBytes);
  return writeRequest(writer, options, (items) => {
    for (const record of records) items.message(2, (each) => writeRecord(each, record));
  });
}

function writeRecord(writer: ProtobufWriter, { atMs, level, message, fields }: LogRecord): void {
  writer.nanos(1, atMs).varint(2, severities[level]).text(3, level);
  writer.message(5, (any) => any.string(1, message));
  const { trace } = fields;
  const isTrace = typeof trace === "string" && traceShape.test(trace);
  for (const name in fields)
    if (!(isTrace && name === "trace")) {
      const each = writer.begin(6);
      writeField(writer, name, fields[name]);
      writer.end(each);
    }
  if (isTrace) writer.hex(9, trace);
  writer.nanos(11, atMs);
}

function writeField(writer: ProtobufWriter, name: string, value: unknown): void {
  const any = writer.text(1, name).begin(2);
  writeValue(writer, value);
  writer.end(any);
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
