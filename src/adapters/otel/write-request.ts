import { conventions } from "../../model/span-attributes.ts";
import type { ProtobufWriter } from "./protobuf-writer.ts";

export interface EncodingOptions {
  /** Of this program. */
  readonly version: string;
  /** This process. Absent where it says the same as any other: a span is one, whoever sends it. */
  readonly instance?: string;
}

export const schemaUrl = `https://opentelemetry.io/schemas/${conventions}`;

/**
 * What all requests of OTLP have in common: whose they are, and a list of what was sent. The numbers are
 * those of their `.proto`, and are the same for spans, metrics and logs.
 */
export function writeRequest(
  request: ProtobufWriter,
  { version, instance }: EncodingOptions,
  writeItems: (scope: ProtobufWriter) => void,
): Uint8Array {
  request.message(1, (whose) => {
    whose.message(1, (resource) => {
      resource.message(1, (each) => writeText(each, "service.name", "countersign"));
      resource.message(1, (each) => writeText(each, "service.version", version));
      if (instance !== undefined)
        resource.message(1, (each) => writeText(each, "service.instance.id", instance));
    });
    whose.message(2, (items) => {
      items.message(1, (scope) => scope.text(1, "countersign"));
      writeItems(items);
      items.text(3, schemaUrl);
    });
    whose.text(3, schemaUrl);
  });
  return request.bytes();
}

/** A `KeyValue` of a text. */
export function writeText(writer: ProtobufWriter, name: string, value: string): void {
  writer.text(1, name).message(2, (any) => any.string(1, value));
}
