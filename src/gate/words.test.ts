import { expect, test } from "vitest";
import { makeRequest } from "../../test/made-up-call.ts";
import { holdBack } from "./exchange.ts";
import { createWords } from "./words.ts";

/** Labels that are durable when the test says so. */
function open(hasLabels = true) {
  const waiting: PromiseWithResolvers<void>[] = [];
  let isKept = !hasLabels;
  const words = createWords(() => {
    if (isKept) return undefined;
    const due = Promise.withResolvers<void>();
    waiting.push(due);
    return due.promise.then(() => void (isKept = true));
  });
  const heard: string[] = [];
  const { client, cancel } = makeRequest();
  const attached = holdBack(words, {
    client: {
      ...client,
      ask: async (method) => {
        heard.push(method);
        return { kind: "result", result: {} };
      },
    },
    cancel,
    onNotification: ({ method }) => void heard.push(method),
    notAfterMs: 0,
    onWaiting: () => Promise.resolve(),
  });
  const notify = (method: string) => attached.onNotification({ method, params: {} });
  const ask = (method: string) => attached.client.ask!(method, {}, cancel.signal);
  return { words, waiting, heard, notify, ask };
}

test("nothing is handed on before its label is durable, and then in order", async () => {
  const { words, waiting, heard, notify, ask } = open();
  expect(words.isBegun).toBe(false);
  notify("one");
  notify("two");
  const asked = ask("three");
  const ended = words.kept();
  await Promise.resolve();
  expect(heard).toEqual([]);
  expect(waiting).toHaveLength(1);
  waiting[0]!.resolve();
  await ended;
  expect(heard.slice(0, 2)).toEqual(["one", "two"]);
  await asked;
  notify("four");
  expect(heard).toEqual(["one", "two", "three", "four"]);
  expect(words.kept()).toBeUndefined();
  expect(words.isBegun).toBe(true);
});

test("while the store stands still, no more is held back than a bound", async () => {
  const { words, waiting, heard, notify } = open();
  for (let count = 0; count < 1_001; count += 1) notify("one");
  const kept = words.kept();
  waiting[0]!.resolve();
  await kept;
  expect(heard).toHaveLength(1_000);
});

test("without a label to keep it is handed on at once", () => {
  const { words, heard, notify } = open(false);
  notify("one");
  expect(heard).toEqual(["one"]);
  expect(words.kept()).toBeUndefined();
});

test("what cannot be labelled is not handed on, and the end of the call says so", async () => {
  const { words, waiting, heard, notify, ask } = open();
  notify("one");
  waiting[0]!.reject(new Error("no store"));
  await expect(words.kept()).rejects.toThrow("no store");
  const asked = ask("two");
  waiting[1]!.reject(new Error("still none"));
  await expect(asked).rejects.toThrow("still none");
  expect(heard).toEqual([]);
  const ended = words.kept();
  waiting[2]!.resolve();
  await ended;
  expect(heard).toEqual([]);
});
