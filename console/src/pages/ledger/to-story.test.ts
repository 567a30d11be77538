import { expect, test } from "vitest";
import { verifyReceipt } from "../../../../src/ledger/verify-receipt.ts";
import { renderLedgerBook } from "../../../../test/console/ledger-book.ts";
import { checkConsistency } from "./check-consistency.ts";
import { toChecks } from "./to-checks.ts";
import { toStory } from "./to-story.ts";

interface Book {
  readonly origin: string;
  readonly checkpoint: string;
  readonly kept: string;
  readonly key: string;
  readonly proof: { readonly from: number; readonly to: number; readonly hashes: string[] };
  readonly receipts: readonly { readonly entries: { bytes: string; path: string[] }[] }[];
}
const book = (): Book => JSON.parse(JSON.stringify(renderLedgerBook())) as Book;

const verify = (receipt: object, keys = [book().key]) => {
  const text = JSON.stringify(receipt);
  return verifyReceipt(text, { keys, passkeys: null }).then((report) => ({ report, text }));
};
const states = ({ report, text }: Awaited<ReturnType<typeof verify>>) =>
  toChecks(report, text).map(({ name, state }) => `${name.split(",")[0]!}: ${state}`);

test("a receipt is told in the order in which it happened, and each check of it holds", async () => {
  const done = await verify(book().receipts.at(-2)!);
  expect(states(done)).toEqual([
    "The file: holds",
    "The signature of the checkpoint: holds",
    "Entry 1: holds",
    "Entry 2: holds",
    "Entry 3: holds",
    "One call: holds",
    "The passkey: holds",
    "What is shown: holds",
  ]);
  const steps = toStory(done.text);
  expect(steps.map(({ title }) => title)).toEqual([
    "Asked",
    "Decided: ask a person",
    "Approved",
    "Sent",
    "Ended: answered",
    "Recorded",
  ]);
  const say = (step: number, name: string) =>
    steps[step]!.lines.find((line) => line.name === name)?.text;
  expect([say(0, "by"), say(1, "by rules"), say(2, "by"), say(3, "to")]).toEqual([
    "user:grace",
    "bookings/ask",
    "ada",
    "bookings-1",
  ]);
});

test("what was enforced, what nobody knew and what was found out are told, too", async () => {
  const told = async (at: number) => {
    const { text, report } = await verify(book().receipts.at(at)!);
    expect(report.problems).toEqual([]);
    return toStory(text).map(({ title }) => title);
  };
  expect(await told(-1)).toContain("Enforced: T1");
  expect(await told(5)).toEqual(
    expect.arrayContaining(["Ended: nobody knows", "Found out later: done"]),
  );
});

test("what was bent fails by name, and nothing else is said to hold", async () => {
  const [receipt] = book().receipts.slice(-2);
  const bent = structuredClone(receipt!);
  const path = bent.entries[1]!.path;
  path[0] = path[0]!.replace(/./, (digit) => (digit === "0" ? "1" : "0"));
  const failed = states(await verify(bent));
  expect(failed.filter((state) => state.endsWith("fails"))).toEqual(["Entry 2: fails"]);
  expect(failed.filter((state) => state.endsWith("holds"))).toEqual([]);
  const [name, id] = book().key.split("+");
  const stranger = await verify(receipt!, [
    `${name}+${id}+AZeNmDscU9pwG0b2/VJdLiJHbyJ5CQDeFcA6zEX91bUy`,
  ]);
  expect(states(stranger)).toContain("The signature of the checkpoint: fails");
  expect(states(await verify({ v: 2 }))[0]).toBe("The file: fails");
});

test("a kept checkpoint is compared with the log of now, and one that does not fit is said to be broken", async () => {
  const { origin, checkpoint, kept, key, proof } = book();
  const log = { origin, epoch: 1, size: proof.to, open: true, checkpoint };
  const check = (pasted: string, hashes = proof.hashes, now = checkpoint) =>
    checkConsistency({
      pasted,
      keys: [key],
      state: { epochs: [{ ...log, checkpoint: now }] },
      prove: async (range) => ({ origin, ...range, proof: hashes }),
    });
  expect(await check(kept.replaceAll("\n", "\r\n"))).toEqual({
    kind: "grown",
    from: 8,
    to: proof.to,
  });
  expect(await check(checkpoint)).toMatchObject({ kind: "same" });
  expect(await check(kept, proof.hashes.toReversed())).toMatchObject({ kind: "broken" });
  // A log that is shorter than what was signed has lost some.
  expect(await check(checkpoint, proof.hashes, kept)).toMatchObject({ kind: "broken" });
  expect(await check(kept.replace("\n8\n", "\n9\n"))).toMatchObject({ kind: "unreadable" });
  expect(await check("hello")).toMatchObject({ kind: "unreadable" });
});
