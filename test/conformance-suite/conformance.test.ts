import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { callerKey, startGateUnderTest, whenListed } from "../mcp/gate-under-test.ts";
import { runSuite } from "./run-suite.ts";
import { startConformanceServer } from "./server.ts";

/** The suite knows no key, so it comes through a door that adds one and changes nothing else. */
async function startKeyed(target: string): Promise<string> {
  const { hostname, port } = new URL(target);
  const server = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, authorization: `Bearer ${callerKey}` };
    const onward = request(
      { hostname, port, path: incoming.url, method: incoming.method, headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(outgoing);
      },
    );
    onward.on("error", () => outgoing.destroy());
    outgoing.once("close", () => onward.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}${new URL(target).pathname}`;
}

/**
 * Scenarios that a revision runs without counting them, and that the server of this test does not
 * play: extensions, and what the suite's own server cannot do yet.
 */
const notPlayed =
  /^(?:tasks-|json-schema-2020-12|http-custom-header|server-session-lifecycle|server-sse-polling|http-header-validation)/;

test.each([
  ["2026-07-28", "modern"],
  ["2025-11-25", "legacy"],
] as const)(
  "the official suite of %s finds the same through the gate as without it",
  async (requirements, era) => {
    const direct = await startConformanceServer(era);
    const behind = await startConformanceServer(era);
    onTestFinished(() => [direct, behind].forEach((each) => each.close()));
    const gate = await startGateUnderTest({
      servers: { suite: { transport: "http", url: behind.url, private: true } },
      toolsets: { plain: { servers: ["suite"], names: "plain", search: "never" } },
    });
    await whenListed(gate);
    const without = await runSuite(direct.url, requirements);
    const through = await runSuite(await startKeyed(`${gate.url}/plain`), requirements);
    const scored = (found: ReadonlyMap<string, string>) =>
      Object.fromEntries(
        [...found]
          .filter(([check]) => !notPlayed.test(check))
          .toSorted(([one], [other]) => (one < other ? -1 : 1)),
      );
    expect(Object.keys(scored(without.found)).length).toBeGreaterThan(60);
    expect(Object.values(scored(without.found))).not.toContain("FAILURE");
    expect(scored(through.found)).toEqual(scored(without.found));
  },
  180_000,
);
