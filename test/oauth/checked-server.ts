import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { startHttpFixture } from "../mcp/fixture-http.ts";
import { startSseFixture } from "../mcp/fixture-sse.ts";

export interface Arrived {
  readonly authorization: string;
  /** Of the message in it; empty for a request without a body. */
  readonly method: string;
  readonly body: string;
  readonly headers: string;
}

export interface CheckedServer {
  readonly url: string;
  readonly arrived: Arrived[];
}

interface Rule {
  readonly era: "modern" | "legacy" | "sse";
  /** Whether it does what it is asked to; else it answers 401. */
  readonly accepts: (arrived: Arrived) => Promise<boolean> | boolean;
}

/** In front of a real server: writes down what comes, and checks what comes with it. */
export async function startCheckedServer({ era, accepts }: Rule): Promise<CheckedServer> {
  const fixture = era === "sse" ? await startSseFixture() : await startHttpFixture(era);
  const arrived: Arrived[] = [];

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const { authorization = "none" } = incoming.headers;
    const method = /"method":"([^"]+)"/.exec(body)?.[1] ?? "";
    const one = { authorization, method, body, headers: incoming.rawHeaders.join("\n") };
    arrived.push(one);
    if (!(await accepts(one))) {
      // As many servers do: with words of the protocol that may not be taken for an answer.
      outgoing.writeHead(401, { "content-type": "application/json" });
      const error = { code: -32001, message: `no good: ${authorization}` };
      outgoing.end(JSON.stringify({ jsonrpc: "2.0", id: null, error }));
      return;
    }
    const onward = request(
      new URL(incoming.url!, fixture.url),
      { method: incoming.method, headers: incoming.headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(outgoing);
      },
    );
    onward.on("error", () => outgoing.destroy());
    outgoing.on("close", () => onward.destroy());
    onward.end(body);
  }

  const server = createServer((incoming, outgoing) => void serve(incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { pathname } = new URL(fixture.url);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`, arrived };
}

export interface Introspected {
  readonly active: boolean;
  readonly client_id?: string;
  readonly sub?: string;
}

/** What the provider itself says of a bearer. */
export async function introspect(
  issuer: string,
  { secret, authorization }: { readonly secret: string; readonly authorization: string },
): Promise<Introspected> {
  const answer = await fetch(`${issuer}/token/introspection`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`machine:${secret}`)}` },
    body: new URLSearchParams({ token: authorization.replace(/^Bearer /, "") }),
  });
  return (await answer.json()) as Introspected;
}
