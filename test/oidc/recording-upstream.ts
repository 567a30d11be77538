import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { startHttpFixture } from "../mcp/fixture-http.ts";

export interface RecordingUpstream {
  readonly url: string;
  /** Everything that came, heads and bodies, as one text. */
  readonly seen: () => string;
  readonly calls: () => number;
}

/** A real server that writes down every byte the gate sends to it. */
export async function startRecordingUpstream(): Promise<RecordingUpstream> {
  const fixture = await startHttpFixture("modern");
  const parts: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const { method, headers, url, rawHeaders } = incoming;
    parts.push(`${method} ${url}\n${rawHeaders.join("\n")}`);
    const onward = request(fixture.url, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    outgoing.on("close", () => onward.destroy());
    incoming.on("data", (chunk: Buffer) => parts.push(chunk.toString()));
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    seen: () => parts.join("\n"),
    calls: () => fixture.requests.filter(({ method }) => method === "tools/call").length,
  };
}

/** A port that was free just now. */
export async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
