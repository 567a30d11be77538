import { createServer, request, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { Answering } from "./answering.ts";

/** What a client gets of one answer, however it is given. */
async function ask(accept: string, answer: (answering: Answering) => void) {
  const server = createServer((_incoming, outgoing) => answer(new Answering(outgoing)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const response = await new Promise<IncomingMessage>((resolve) => {
    request({ port, host: "127.0.0.1", headers: { accept } }, resolve).end();
  });
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return { type: response.headers["content-type"], text, status: response.statusCode };
}
const both = "application/json, text/event-stream";

test("an answer that is there soon is JSON", async () => {
  const answered = await ask(both, (answering) => {
    answering.keepAlive();
    answering.end("{}");
  });
  expect(answered).toEqual({ type: "application/json", text: "{}", status: 200 });
});

test("one that takes long becomes a stream, and the connection is not silent meanwhile", async () => {
  const answered = await ask(both, (answering) => {
    for (let times = 0; times < 4; times += 1) answering.keepAlive();
    answering.end("{}");
  });
  expect(answered.type).toBe("text/event-stream");
  expect(answered.text).toMatch(/^(?:: \n\n){2}.*data: \{\}\n\n$/s);
});

test("a client that reads no streams waits for its JSON", async () => {
  const answered = await ask("application/json", (answering) => {
    for (let times = 0; times < 4; times += 1) answering.keepAlive();
    answering.end("{}", 400);
  });
  expect(answered).toEqual({ type: "application/json", text: "{}", status: 400 });
});
