import { expect, test } from "vitest";
import { callerKey, startGateUnderTest } from "../../../test/mcp/gate-under-test.ts";
import { tell } from "../../../test/start-api.ts";

test("a path that names no toolset is none, and not the widest one", async () => {
  const { url } = await startGateUnderTest({
    servers: { mail: { transport: "http", url: "http://127.0.0.1:9/mcp", private: true } },
    toolsets: { travel: { servers: ["mail"] } },
  });
  const { origin } = new URL(url);
  const body = JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "server/discover",
    params: {
      _meta: {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
      },
    },
  });
  const headers = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "server/discover",
  };
  const statusOf = async (path: string): Promise<number> =>
    (await tell(origin, path, { method: "POST", key: callerKey, headers, body })).status;
  for (const path of ["/mcp", "/mcp/", "/mcp/travel", "/mcp/travel/", "/mcp?a=1"]) {
    expect([path, await statusOf(path)]).toEqual([path, 200]);
  }
  const others = ["/mcp/Travel", "/mcp/travel/extra", "/mcp/%74ravel", "/mcp//travel", "/mcp//"];
  for (const path of [...others, "/mcp/none"]) {
    expect([path, await statusOf(path)]).toEqual([path, 404]);
  }
});
