import type {
  HistogramPoint,
  MetricFamily,
  MetricLabels,
  MetricPoint,
  MetricsRead,
} from "../../ports/metric-family.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";
import { writeRequest, writeText, type EncodingOptions } from "./write-request.ts";

const cumulative = 2;

/** An `ExportMetricsServiceRequest`: names, labels and bounds as `/metrics` has them. */
export function encodeMetrics(read: MetricsRead, options: EncodingOptions): Uint8Array {
  return writeRequest(new ProtobufWriter(), options, (items) => {
    for (const family of read.families)
      if (family.points.length > 0) items.message(2, (each) => writeFamily(each, family, read));
  });
}

type Times = Pick<MetricsRead, "startMs" | "atMs">;

function writeFamily(writer: ProtobufWriter, family: MetricFamily, times: Times): void {
  writer.text(1, family.name).text(2, family.help);
  switch (family.kind) {
    case "gauge":
      writer.message(5, (gauge) => {
        for (const point of family.points)
          gauge.message(1, (each) => writePoint(each, point, { ...times, startMs: null }));
      });
      return;
    case "counter":
      writer.message(7, (sum) => {
        for (const point of family.points) sum.message(1, (each) => writePoint(each, point, times));
        sum.varint(2, cumulative).varint(3, 1);
      });
      return;
    case "histogram":
      writer.message(9, (histogram) => {
        for (const point of family.points)
          histogram.message(1, (each) => writeHistogram(each, point, times));
        histogram.varint(2, cumulative);
      });
  }
}

interface PointTimes {
  /** Null: it is what it is now, whenever it began. */
  readonly startMs: number | null;
  readonly atMs: number;
}

function writePoint(
  writer: ProtobufWriter,
  { labels, value }: MetricPoint,
  { startMs, atMs }: PointTimes,
): void {
  if (startMs !== null) writer.nanos(2, startMs);
  writer.nanos(3, atMs).double(4, value);
  writeLabels(writer, 7, labels);
}

function writeHistogram(
  writer: ProtobufWriter,
  { labels, bounds, counts, sum, count }: HistogramPoint,
  { startMs, atMs }: Times,
): void {
  writer.nanos(2, startMs).nanos(3, atMs).fixed64(4, count).double(5, sum);
  writer.fixed64s(6, counts).doubles(7, bounds);
  writeLabels(writer, 9, labels);
}

function writeLabels(writer: ProtobufWriter, field: number, labels: MetricLabels): void {
  for (const [name, value] of Object.entries(labels))
    writer.message(field, (each) => writeText(each, name, value));
}
