import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Pool } from "undici";

/** What any proxy costs at least: the request goes on as it came, and the answer comes back. */
const pool = new Pool(`http://127.0.0.1:${process.argv[2]}`, { connections: 256, pipelining: 1 });

const server = createServer((incoming, outgoing) => {
  const chunks: Buffer[] = [];
  incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
  incoming.on("end", () => {
    const {
      host: _host,
      connection: _connection,
      "content-length": _length,
      ...headers
    } = incoming.headers;
    const answer: Buffer[] = [];
    pool.dispatch(
      { method: "POST", path: "/mcp", headers, body: Buffer.concat(chunks) },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_controller, status, given) => {
          outgoing.writeHead(status, {
            "content-type": given["content-type"] as string,
            "content-length": given["content-length"] as string,
          });
        },
        onResponseData: (_controller, chunk) => void answer.push(chunk),
        onResponseEnd: () => void outgoing.end(Buffer.concat(answer)),
        onResponseError: () => void outgoing.destroy(),
      },
    );
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
