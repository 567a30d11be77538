import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import protobuf from "protobufjs";
import { onTestFinished } from "vitest";

/** A span as the official messages have it, with ids as text and attributes by name. */
export interface Collected {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly status: { readonly message?: string; readonly code?: number } | null;
  /** Of the message. */
  readonly bytes: string;
}

export interface Request {
  readonly headers: IncomingHttpHeaders;
  readonly path: string;
  readonly body: Buffer;
}

export interface Said {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

const root = new protobuf.Root();
root.resolvePath = (_origin, target) => path.join(import.meta.dirname, "proto", target);
root.loadSync("opentelemetry/proto/collector/trace/v1/trace_service.proto");
const traces = "opentelemetry.proto.collector.trace.v1";
const requestType = root.lookupType(`${traces}.ExportTraceServiceRequest`);
const responseType = root.lookupType(`${traces}.ExportTraceServiceResponse`);
const spanType = root.lookupType("opentelemetry.proto.trace.v1.Span");

/** By the official messages, read by somebody else's reader. */
export function decode(body: Uint8Array) {
  const request = requestType.decode(body) as unknown as {
    resourceSpans: readonly {
      resource: object;
      schemaUrl: string;
      scopeSpans: readonly { scope: object; spans: readonly protobuf.Message[] }[];
    }[];
  };
  return request.resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans.map(toCollected)),
  );
}

export function readResource(body: Uint8Array): unknown {
  const { resourceSpans } = requestType.toObject(requestType.decode(body)) as {
    resourceSpans: readonly { resource: unknown }[];
  };
  return resourceSpans[0]!.resource;
}

export function toPartial(rejected: number): Uint8Array {
  const partialSuccess = { rejectedSpans: rejected, errorMessage: "too old" };
  return responseType.encode({ partialSuccess }).finish();
}

function toCollected(span: protobuf.Message): Collected {
  const read = spanType.toObject(span, { longs: String, arrays: true, defaults: false }) as {
    traceId: Buffer;
    spanId: Buffer;
    parentSpanId?: Buffer;
    name?: string;
    kind: number;
    startTimeUnixNano?: string;
    endTimeUnixNano?: string;
    attributes: readonly { key: string; value: object }[];
    status?: Collected["status"];
  };
  const toMs = (nanos = "0"): number => Number(BigInt(nanos) / 1_000n) / 1_000;
  return {
    traceId: read.traceId.toString("hex"),
    spanId: read.spanId.toString("hex"),
    parentSpanId: read.parentSpanId?.toString("hex") ?? "",
    name: read.name ?? "",
    kind: read.kind,
    startMs: toMs(read.startTimeUnixNano),
    endMs: toMs(read.endTimeUnixNano),
    attributes: Object.fromEntries(read.attributes.map(({ key, value }) => [key, toValue(value)])),
    status: read.status ?? null,
    bytes: Buffer.from(spanType.encode(span).finish()).toString("hex"),
  };
}

/** What kind of value it is, with the value. */
function toValue(value: object): unknown {
  const [[kind, held]] = Object.entries(value) as [[string, unknown]];
  if (kind !== "arrayValue") return { [kind.replace("Value", "")]: held };
  const { values } = held as { values: readonly object[] };
  return { array: values.map((each) => toValue(each)) };
}

/** A collector that takes what it is sent, unless the test says something else. */
export async function startCollector(
  say: (request: Request, count: number) => Said | null = () => ({ status: 200 }),
) {
  const requests: Request[] = [];
  const server = createServer((incoming, outgoing) => {
    const parts: Buffer[] = [];
    incoming.on("data", (part: Buffer) => parts.push(part));
    incoming.on("end", () => {
      const { headers, url = "" } = incoming;
      const request = { headers, path: url, body: Buffer.concat(parts) };
      requests.push(request);
      const said = say(request, requests.length);
      // Null: it says nothing at all.
      if (said === null) return void incoming.socket.destroy();
      outgoing.writeHead(said.status, said.headers).end(said.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => void server.close(() => resolve()));
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1/traces`,
    requests,
    spans: (): readonly Collected[] => requests.flatMap(({ body }) => decode(body)),
  };
}
