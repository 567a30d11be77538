import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSocketServer, connect, type Socket } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  api,
  send,
  type ApiRequest,
} from "../../src/adapters/sandboxes/microvm/firecracker-api.ts";
import { greet } from "../../src/adapters/sandboxes/microvm/firecracker-engine.ts";
import { createFirecrackerUnderTest, findLeft } from "./microvm-under-test.ts";
import { describeSandbox } from "./sandbox.ts";

const driver = createFirecrackerUnderTest();
describeSandbox("firecracker", {
  driver,
  probe: await driver.probe(),
  nodePath: "/usr/bin/node",
  findLeft,
  writesMounts: false,
  needsNoPart: true,
});

interface Description {
  readonly release: string;
  readonly requests: Readonly<Record<string, { body: string; success: readonly string[] }>>;
  readonly definitions: Readonly<
    Record<string, { required: readonly string[]; properties: Readonly<Record<string, unknown>> }>
  >;
}

/** Facts of Firecracker's own description of its API: paths, methods, fields, and which are required. */
const description = JSON.parse(
  readFileSync(new URL("firecracker-api.json", import.meta.url), "utf8"),
) as Description;

/** Every request that is ever sent. */
const requests: Readonly<Record<keyof typeof api, ApiRequest>> = {
  machine: api.machine({ memoryMebibytes: 256 }),
  boot: api.boot("/image/vmlinux", "/machine/initrd", "quiet"),
  drive: api.drive("root", "/image/root.ext4"),
  vsock: api.vsock("/machine/vsock"),
  start: api.start(),
  pause: api.pause(),
  save: api.save("/machine/snapshot", "/machine/memory"),
  load: api.load("/template/snapshot", "/template/memory"),
};

function findWrong(definition: string, body: Readonly<Record<string, unknown>>): readonly string[] {
  const { required, properties } = description.definitions[definition]!;
  const absent = required.filter((field) => !(field in body)).map((field) => `no ${field}`);
  const wrong = Object.entries(body).flatMap(([field, value]) => {
    const type = properties[field];
    if (type === undefined) return [`unknown ${field}`];
    if (Array.isArray(type)) return type.includes(value) ? [] : [`${field} is ${String(value)}`];
    if (typeof value === "object") return findWrong(type as string, value as typeof body);
    const is = typeof value === "number" ? "integer" : typeof value;
    return is === type ? [] : [`${field} is a ${is}`];
  });
  return [...absent, ...wrong];
}

test.each(Object.entries(requests))(
  `%s is what the API of Firecracker ${description.release} takes`,
  (_, { method, path: asked, body }) => {
    const described = asked.replace(/^\/drives\/.+$/, "/drives/{drive_id}");
    const request = description.requests[`${method} ${described}`];
    expect(request, `${method} ${described}`).toBeDefined();
    expect(request!.success).toEqual(["204"]);
    expect(findWrong(request!.body, body)).toEqual([]);
  },
);

test("what the description does not have is noticed", () => {
  expect(findWrong("Vm", {})).toEqual(["no state"]);
  expect(findWrong("Vm", { state: "Ended" })).toEqual(["state is Ended"]);
  expect(findWrong("Vsock", { guest_cid: "3", uds_path: "x", more: 1 })).toEqual([
    "guest_cid is a string",
    "unknown more",
  ]);
  expect(findWrong("SnapshotLoadParams", { snapshot_path: "x", mem_backend: {} })).toEqual([
    "no backend_type",
    "no backend_path",
  ]);
});

/** No Firecracker: they only show what our side of a conversation sends, and how it takes an answer. */
describe("against a fake of Firecracker's sockets", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "fake-firecracker-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  test("a request goes out as JSON with its length, and what is complained of is told", async () => {
    const heard: unknown[] = [];
    const server = createServer((request, response) => {
      let text = "";
      request.on("data", (chunk) => (text += chunk));
      request.on("end", () => {
        heard.push([request.method, request.url, request.headers["content-type"], text]);
        if (request.url === "/vm") response.writeHead(204).end();
        else response.writeHead(400).end(JSON.stringify({ fault_message: "no such file" }));
      });
    });
    const socket = path.join(folder, "api");
    await once(server.listen(socket), "listening");
    await send(socket, requests.pause);
    await expect(send(socket, requests.load)).rejects.toThrow("/snapshot/load: no such file (400)");
    expect(heard).toEqual([
      ["PATCH", "/vm", "application/json", '{"state":"Paused"}'],
      ["PUT", "/snapshot/load", "application/json", JSON.stringify(requests.load.body)],
    ]);
    server.close();
  });

  async function talk(answer: (socket: Socket) => void): Promise<Socket> {
    const server = createSocketServer(answer);
    const file = path.join(folder, `vsock-${Math.abs(answer.toString().length)}`);
    await once(server.listen(file), "listening");
    const socket = connect(file);
    try {
      await greet(socket);
      return socket;
    } finally {
      server.close();
    }
  }

  test("a greeting names the guest's port, and leaves what comes after it", async () => {
    const { promise: heard, resolve } = Promise.withResolvers<string>();
    const socket = await talk((other) => {
      other.once("data", (chunk) => resolve(String(chunk)));
      other.end("OK 1073741824\nthe guest's own");
    });
    expect(await heard).toBe("CONNECT 1024\n");
    expect(String((await once(socket, "data"))[0])).toBe("the guest's own");
  });

  test.each(["", "OK\n", "no\n", "x".repeat(10_000)])("%j is no greeting", async (text) => {
    await expect(talk((other) => void other.end(text))).rejects.toThrow("nobody listens");
  });
});
