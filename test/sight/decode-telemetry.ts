import path from "node:path";
import protobuf from "protobufjs";

const root = new protobuf.Root();
root.resolvePath = (_origin, target) => path.join(import.meta.dirname, "proto", target);
for (const signal of ["metrics", "logs"])
  root.loadSync(`opentelemetry/proto/collector/${signal}/v1/${signal}_service.proto`);
const collector = "opentelemetry.proto.collector";
const metricsType = root.lookupType(`${collector}.metrics.v1.ExportMetricsServiceRequest`);
const logsType = root.lookupType(`${collector}.logs.v1.ExportLogsServiceRequest`);

/** What holds its default is left out by the reader, as proto3 has it. */
interface KeyValue {
  readonly key?: string;
  readonly value?: Readonly<Record<string, unknown>>;
}

interface Point {
  readonly attributes?: readonly KeyValue[];
  readonly startTimeUnixNano?: string;
  readonly timeUnixNano: string;
  readonly asDouble?: number;
  readonly count?: string;
  readonly sum?: number;
  readonly bucketCounts?: readonly string[];
  readonly explicitBounds?: readonly number[];
}

interface Points {
  readonly dataPoints: readonly Point[];
  readonly aggregationTemporality?: number;
  readonly isMonotonic?: boolean;
}

export interface DecodedMetric {
  readonly name: string;
  readonly description: string;
  readonly gauge?: Points;
  readonly sum?: Points;
  readonly histogram?: Points;
}

/** By the official messages, read by somebody else's reader. */
export function decodeMetrics(body: Uint8Array): readonly DecodedMetric[] {
  const { resourceMetrics } = metricsType.toObject(metricsType.decode(body), { longs: String }) as {
    resourceMetrics: readonly { scopeMetrics: readonly { metrics: readonly DecodedMetric[] }[] }[];
  };
  return resourceMetrics.flatMap((whose) => whose.scopeMetrics.flatMap(({ metrics }) => metrics));
}

/** Whom counts are of, by the names that have a text. */
export function readMetricsResource(body: Uint8Array): Readonly<Record<string, unknown>> {
  const { resourceMetrics } = metricsType.toObject(metricsType.decode(body)) as {
    resourceMetrics: readonly { resource: { attributes: readonly KeyValue[] } }[];
  };
  const { attributes } = resourceMetrics[0]!.resource;
  const named = attributes.map(({ key, value }) => [key, value?.["stringValue"]] as const);
  return Object.fromEntries<unknown>(named.map(([key = "", value]) => [key, value]));
}

/** As `/metrics` has them: a line a value, with labels in the order in which they came. */
export function toExposition(metrics: readonly DecodedMetric[]): readonly string[] {
  return metrics.flatMap(({ name, gauge, sum, histogram }) => [
    ...[gauge, sum].flatMap((points) =>
      (points?.dataPoints ?? []).map(
        ({ attributes, asDouble }) => `${name}${toLabels(attributes)} ${asDouble}`,
      ),
    ),
    ...(histogram?.dataPoints ?? []).flatMap((point) => toLines(name, point)),
  ]);
}

function toLines(name: string, point: Point): readonly string[] {
  const { attributes, bucketCounts = [], explicitBounds = [], sum, count = "0" } = point;
  let below = 0;
  const buckets = bucketCounts.map((each, at) => {
    below += Number(each);
    const le = { key: "le", value: { stringValue: String(explicitBounds[at] ?? "+Inf") } };
    return `${name}_bucket${toLabels([le, ...(attributes ?? [])])} ${below}`;
  });
  const labels = toLabels(attributes);
  return [...buckets, `${name}_sum${labels} ${sum}`, `${name}_count${labels} ${count}`];
}

function toLabels(attributes: readonly KeyValue[] = []): string {
  const said = attributes.map(
    ({ key = "", value }) => `${key}="${String(value?.["stringValue"])}"`,
  );
  return said.length === 0 ? "" : `{${said.join(",")}}`;
}

interface DecodedRecord {
  readonly timeUnixNano?: string;
  readonly severityText: string;
  readonly severityNumber: number;
  readonly body: { readonly stringValue: string };
  readonly attributes?: readonly KeyValue[];
  readonly traceId?: Buffer;
}

/** Lines as they were written, member by member. */
export function decodeLogs(body: Uint8Array): readonly Readonly<Record<string, unknown>>[] {
  const { resourceLogs } = logsType.toObject(logsType.decode(body), { longs: String }) as {
    resourceLogs: readonly { scopeLogs: readonly { logRecords: readonly DecodedRecord[] }[] }[];
  };
  const records = resourceLogs.flatMap((whose) =>
    whose.scopeLogs.flatMap(({ logRecords }) => logRecords),
  );
  return records.map(
    ({ timeUnixNano = "0", severityText, body: said, attributes = [], traceId }) => ({
      time: new Date(Number(BigInt(timeUnixNano) / 1_000_000n)).toISOString(),
      level: severityText,
      message: said.stringValue,
      ...toMembers(attributes),
      ...(traceId === undefined ? {} : { trace: traceId.toString("hex") }),
    }),
  );
}

function toMembers(attributes: readonly KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key = "", value }) => [key, toValue(value)]));
}

function toValue(value: KeyValue["value"]): unknown {
  const [[kind, held] = ["none", null]] = Object.entries(value ?? {});
  switch (kind) {
    case "none":
      return null;
    case "intValue":
      return Number(held);
    case "arrayValue":
      return ((held as { values?: KeyValue["value"][] }).values ?? []).map(toValue);
    case "kvlistValue":
      return toMembers((held as { values?: KeyValue[] }).values ?? []);
    default:
      return held;
  }
}
