import { EventEmitter } from "node:events";
import type pg from "pg";
import { expect, test } from "vitest";
import { createReaders } from "./readers.ts";

interface Sent {
  readonly text: string;
  readonly answer: (error?: Error) => void;
}

/** Connections that answer when the test says so. */
function open() {
  const clients: (EventEmitter & { sent: Sent[]; isEnded: boolean })[] = [];
  const readers = createReaders(async () => {
    const sent: Sent[] = [];
    const client = Object.assign(new EventEmitter(), {
      sent,
      isEnded: false,
      query: ({ text }: { readonly text: string }) =>
        new Promise((resolve, reject) => {
          const answer = (error?: Error): void =>
            error === undefined ? resolve({ rows: [{ text }] }) : reject(error);
          sent.push({ text, answer });
        }),
      end: async () => void (client.isEnded = true),
    });
    clients.push(client);
    return client as unknown as pg.Client;
  });
  const ask = async (text: string) => (await readers.query<{ text: string }>({ text })).rows;
  return { readers, clients, ask };
}

const settled = () => new Promise(setImmediate);

test("reads are sent at once, over a few connections that are opened once each", async () => {
  const { clients, ask } = open();
  const answers = ["a", "b", "c", "d"].map(ask);
  await settled();
  expect(clients.map(({ sent }) => sent.map(({ text }) => text))).toEqual([
    ["a", "c"],
    ["b", "d"],
  ]);
  for (const { sent } of clients) for (const { answer } of sent) answer();
  expect((await Promise.all(answers)).flat()).toEqual(
    ["a", "b", "c", "d"].map((text) => ({ text })),
  );
});

test("who is slow on one does not hold up the others", async () => {
  const { clients, ask } = open();
  void ask("slow");
  await settled();
  for (const text of ["a", "b"]) {
    const answered = ask(text);
    await settled();
    clients[1]!.sent.at(-1)!.answer();
    expect(await answered).toEqual([{ text }]);
  }
  expect(clients.map(({ sent }) => sent.length)).toEqual([1, 2]);
});

test.each(["end", "error"])("a connection that breaks (%s) is opened anew", async (event) => {
  const { clients, ask } = open();
  const broken = ask("a");
  await settled();
  clients[0]!.emit(event, new Error("gone"));
  clients[0]!.sent[0]!.answer(new Error("gone"));
  await expect(broken).rejects.toThrow("gone");
  const answered = ask("b");
  await settled();
  expect(clients).toHaveLength(2);
  clients[1]!.sent[0]!.answer();
  expect(await answered).toEqual([{ text: "b" }]);
});

test("one that cannot be opened fails its reads, and the next one tries again", async () => {
  let tries = 0;
  const readers = createReaders(async () => {
    tries += 1;
    throw new Error("refused");
  });
  for (let asked = 1; asked <= 3; asked += 1) {
    await expect(readers.query({ text: "a" })).rejects.toThrow("refused");
    expect(tries).toBe(asked);
  }
  await readers.end();
  await expect(readers.query({ text: "a" })).rejects.toThrow("closed");
  expect(tries).toBe(3);
});

test("I13: beyond the bound whoever reads is told to come again", async () => {
  const { clients, readers, ask } = open();
  const answers = Array.from({ length: 20_000 }, () => ask("a"));
  await expect(ask("b")).rejects.toMatchObject({ code: "store_busy" });
  await settled();
  for (const { sent } of clients) for (const { answer } of sent) answer();
  await Promise.all(answers);
  await readers.end();
  expect(clients.map(({ isEnded }) => isEnded)).toEqual([true, true]);
});
