import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  /** How the next requests are answered; afterwards, and at first, with 204. */
  answerWith(...answers: ((outgoing: ServerResponse) => void)[]): void;
  /** Answers that nobody took to their end. */
  cut(): number;
}

/** Somebody's receiver of webhooks, on a real socket. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  let answers: ((outgoing: ServerResponse) => void)[] = [];
  let cut = 0;
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const { method = "", url = "", headers } = incoming;
      outgoing.on("close", () => (cut += outgoing.writableFinished ? 0 : 1));
      received.push({ method, path: url, headers, body: Buffer.concat(chunks).toString("utf8") });
      const answer = answers.shift();
      if (answer !== undefined) return answer(outgoing);
      outgoing.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?team=ops`,
    received,
    answerWith: (...next) => void (answers = next),
    cut: () => cut,
  };
}

export const status = (code: number) => (outgoing: ServerResponse) =>
  void outgoing.writeHead(code).end();

/** Says yes, and then goes on for as long as somebody takes it. */
export const flood = (bytes: number) => (outgoing: ServerResponse) => {
  outgoing.writeHead(200, { "content-type": "application/json" });
  let left = bytes;
  const write = (): void => {
    while (left > 0) {
      left -= 65_536;
      if (!outgoing.write(Buffer.alloc(65_536, "x"))) return void outgoing.once("drain", write);
    }
    outgoing.end();
  };
  write();
};

/** Which of the signatures fit, by the rules of the form: written here once more, from its text. */
export function countFitting({ headers, body }: Received, secret: string): number {
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const [id, timestamp] = [headers["webhook-id"], headers["webhook-timestamp"]];
  const wanted = createHmac("sha256", key)
    .update(`${String(id)}.${String(timestamp)}.${body}`)
    .digest();
  return String(headers["webhook-signature"])
    .split(" ")
    .map((one) => Buffer.from(one.replace(/^v1,/, ""), "base64"))
    .filter((given) => given.length === wanted.length && timingSafeEqual(given, wanted)).length;
}
