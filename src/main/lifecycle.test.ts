import { expect, test } from "vitest";
import { systemClock } from "../adapters/system/system-clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { createLifecycle } from "./lifecycle.ts";

function setUp() {
  const seen: string[] = [];
  const stopping = new AbortController();
  const telemetry: Telemetry = {
    count: () => undefined,
    observe: () => undefined,
    gauge: () => undefined,
    log: (level, message, fields) => {
      if (level !== "debug") seen.push(`${message}: ${String(fields?.["part"])}`);
    },
  };
  const lifecycle = createLifecycle({ clock: systemClock, telemetry, signal: stopping.signal });
  const part = (name: string, stop: () => Promise<void> = async () => undefined) => ({
    name,
    start: async () => void seen.push(`start ${name}`),
    stop: async () => {
      seen.push(`stop ${name}`);
      await stop();
    },
    stopWithinMs: 50,
  });
  return { seen, stopping, lifecycle, part };
}

test("what started first stops last", async () => {
  const { seen, lifecycle, part } = setUp();
  await lifecycle.start(part("a"));
  await lifecycle.start(part("b"));
  expect(await lifecycle.stop()).toBe("clean");
  expect(seen).toEqual(["start a", "start b", "stop b", "stop a"]);
});

test("a failed start stops what was started, and not itself", async () => {
  const { seen, lifecycle, part } = setUp();
  await lifecycle.start(part("a"));
  const failing = lifecycle.start({
    ...part("b"),
    start: async () => Promise.reject(new Error("no port")),
  });
  await expect(failing).rejects.toThrow("no port");
  expect(seen).toEqual(["start a", "stop a"]);
});

test("a part that fails or hangs at its end does not keep the others", async () => {
  const { seen, lifecycle, part } = setUp();
  await lifecycle.start(part("a"));
  await lifecycle.start(part("hangs", () => new Promise(() => undefined)));
  await lifecycle.start(part("throws", async () => Promise.reject(new Error("broken"))));
  expect(await lifecycle.stop()).toBe("unclean");
  expect(seen.slice(3)).toEqual([
    "stop throws",
    "failed to stop: throws",
    "stop hangs",
    "did not stop in time: hangs",
    "stop a",
  ]);
});

test("a signal during the start stops what is up, the part that just came up included", async () => {
  const { seen, stopping, lifecycle, part } = setUp();
  await lifecycle.start(part("a"));
  const starting = lifecycle.start({
    ...part("b"),
    start: async () => {
      seen.push("start b");
      stopping.abort(new Error("SIGTERM"));
    },
  });
  await expect(starting).rejects.toThrow("SIGTERM");
  expect(seen).toEqual(["start a", "start b", "stop b", "stop a"]);
  await expect(lifecycle.start(part("c"))).rejects.toThrow("SIGTERM");
  expect(seen).not.toContain("start c");
});

test("two that stop wait for the same end", async () => {
  const { seen, lifecycle, part } = setUp();
  await lifecycle.start(part("a"));
  expect(await Promise.all([lifecycle.stop(), lifecycle.stop()])).toEqual(["clean", "clean"]);
  expect(seen).toEqual(["start a", "stop a"]);
});
