import { expect, test } from "vitest";
import { Fault } from "../../model/index.ts";
import { toFault, toTrouble } from "./to-fault.ts";

const refusal = (code: string, message = "of Postgres", severity = "ERROR"): Error =>
  Object.assign(new Error(message), { code, severity });
const broken = (code: string): Error => Object.assign(new Error(code), { code });

test.each([
  ["a full disk", refusal("53100"), "store_full", "refused"],
  ["a disk full of log", refusal("53100", "pg_wal", "PANIC"), "store_full", "lost"],
  ["a read-only transaction", refusal("25006"), "store_read_only", "refused"],
  [
    "a read-only disk",
    refusal("42501", 'could not open file "base/1": Read-only file system'),
    "store_read_only",
    "refused",
  ],
  [
    "no right to a table",
    refusal("42501", "permission denied for table runs"),
    "internal",
    "refused",
  ],
  ["a session ended by an administrator", refusal("57P01"), "store_unavailable", "lost"],
  ["Postgres starting", refusal("57P03"), "store_unavailable", "lost"],
  ["a broken protocol", refusal("08P01"), "store_unavailable", "lost"],
  ["too many connections", refusal("53300", "", "FATAL"), "store_unavailable", "lost"],
  ["a database that lets nobody in", refusal("55000", "", "FATAL"), "store_unavailable", "lost"],
  ["a statement past its timeout", refusal("57014"), "store_unavailable", "refused"],
  ["a failing disk", refusal("58030"), "store_unavailable", "refused"],
  ["a lock not had in time", refusal("55P03"), "store_busy", "refused"],
  ["a deadlock", refusal("40P01"), "store_busy", "conflict"],
  ["a serialisation failure", refusal("40001"), "store_busy", "conflict"],
  ["a character that is none", refusal("22021"), "payload_invalid", "spoilt"],
  ["a broken rule", refusal("23514"), "payload_invalid", "spoilt"],
  ["a row too large", refusal("54000"), "payload_too_large", "spoilt"],
  ["a missing table", refusal("42P01"), "internal", "refused"],
  ["a refused connection", broken("ECONNREFUSED"), "store_unavailable", "lost"],
  ["a reset connection", broken("ECONNRESET"), "store_unavailable", "lost"],
  ["no socket", broken("ENOENT"), "store_unavailable", "lost"],
  [
    "several refused connections",
    new AggregateError([broken("ECONNREFUSED"), broken("ECONNREFUSED")]),
    "store_unavailable",
    "lost",
  ],
  [
    "a session that went",
    new Error("Connection terminated unexpectedly"),
    "store_unavailable",
    "lost",
  ],
  ["a server that froze", new Error("Query read timeout"), "store_unavailable", "lost"],
] as const)("%s", (...[, error, code, trouble]) => {
  expect(toFault(error)).toMatchObject({ name: "Fault", code });
  expect(toTrouble(error)).toBe(trouble);
});

test("what is not Postgres's stays what it is", () => {
  const bug = new TypeError("undefined is not a function");
  expect(toFault(bug)).toBe(bug);
  expect(toTrouble(bug)).toBe("refused");
  const fault = new Fault("draining", "closed");
  expect(toFault(fault)).toBe(fault);
});
