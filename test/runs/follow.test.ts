import { createServer, connect as dial, type AddressInfo, type Socket } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { toDigest, type RunId } from "../../src/model/index.ts";
import { connect } from "../../src/main/connect.ts";
import { callCli } from "../call-cli.ts";
import { adminKey } from "../start-api.ts";
import { admin, openRuns } from "./runs-under-test.ts";

const output = toDigest("done");

/** The line between client and server, which breaks after so many bytes of an answer. */
async function openBadLine(url: string, bytesEach: () => number) {
  const cut: Socket[] = [];
  const server = createServer((near) => {
    const far = dial(Number(new URL(url).port), "127.0.0.1");
    let left = bytesEach();
    near.pipe(far).on("error", () => near.destroy());
    near.on("error", () => far.destroy());
    far.on("data", (bytes: Buffer) => {
      near.write(bytes.subarray(0, left));
      left -= bytes.length;
      if (left > 0) return;
      cut.push(near);
      near.destroySoon();
      far.destroy();
    });
    far.on("close", () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, cut };
}

const open = (url: string) =>
  connect(
    { environment: { apiKey: adminKey, configDirectory: "/nowhere" } as never, cwd: "/nowhere" },
    url,
  );

test("a run is followed over a line that breaks again and again: no event missing or doubled", async () => {
  const { make, append, url } = await openRuns();
  const run = make(admin);
  append(run, { type: "run.started" });
  for (let n = 1; n <= 300; n += 1)
    append(run, { type: "letter.dropped", inbox: n, reason: "x".repeat(100) });
  append(run, { type: "run.completed", output });
  // The head of an answer takes some of it; an event is cut anywhere.
  let next = 0;
  const line = await openBadLine(url, () => 900 + (next += 37));
  const { client } = await open(url);
  const { readStream } = await open(line.url);
  const { code, out } = await callCli(`runs logs ${run} --follow --json`, { client, readStream });
  expect(code).toBe(0);
  const lines = out
    .trim()
    .split("\n")
    .map((each) => JSON.parse(each) as { seq?: number });
  const seqs = lines.flatMap(({ seq }) => seq ?? []);
  expect(seqs).toEqual(Array.from({ length: 303 }, (_, at) => at + 1));
  expect(line.cut.length).toBeGreaterThan(20);
});

test("a run is started, followed while it happens, and answers with its output", async () => {
  const { asked, append, change, url, counted } = await openRuns();
  const { client, readStream } = await open(url);
  const followed = callCli("run travel Go --follow", { client, readStream });
  await vi.waitFor(() => expect(counted.waiting).toBe(1));
  const { body } = await client.listRuns({});
  const id = body.runs[0]!.id as RunId;
  append(id, { type: "run.started" });
  change(id, { output: "Booked." });
  append(id, { type: "run.completed", output });
  const { code, out, err } = await followed;
  expect([code, out]).toEqual([0, "Booked.\n"]);
  expect(err).toMatch(/created {3}agent travel\n.*started\n.*completed\n$/);
  expect(asked).toMatchObject([{ agent: "travel", input: "Go", principal: admin }]);
});

test("what the server refuses is told as it was said", async () => {
  const { url, make } = await openRuns();
  const { client, readStream } = await open(url);
  const misspelt = await callCli("run travle Go", { client, readStream });
  expect([misspelt.code, misspelt.err.includes("Did you mean travel?")]).toEqual([3, true]);
  const read = readStream({
    path: `/v1/runs/${make(admin)}/events`,
    after: "99",
    signal: new AbortController().signal,
  });
  const first = read[Symbol.asyncIterator]().next();
  await expect(first).rejects.toMatchObject({ code: "request_invalid" });
});

test("a stream that is given up leaves no connection behind", async () => {
  const { url, make, counted } = await openRuns();
  const { readStream } = await open(url);
  const left = new AbortController();
  const path = `/v1/runs/${make(admin)}/events`;
  const sent = readStream({ path, after: null, signal: left.signal })[Symbol.asyncIterator]();
  expect((await sent.next()).value).toMatchObject({ id: "1", event: "run.created" });
  await vi.waitFor(() => expect(counted.waiting).toBe(1));
  const pending = sent.next();
  left.abort();
  await expect(pending).rejects.toMatchObject({ code: "unreachable" });
  await vi.waitFor(() => expect(counted.waiting).toBe(0));
});
