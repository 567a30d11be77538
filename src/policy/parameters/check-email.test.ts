import { expect, test } from "vitest";
import { compileEmailCheck } from "./check-email.ts";

const check = compileEmailCheck({ type: "email", domains: ["example.com", "*.corp.example.com"] });

test.each([
  ["ann@example.com"],
  ["Ann.Lee+tag@EXAMPLE.com"],
  ["o'neil_1@a.corp.example.com"],
  ["ann@example.com, bob@example.com"],
  [["ann@example.com", "bob@x.y.corp.example.com"]],
  [[]],
])("%j may be written to", (value) => {
  expect(check(value)).toBeNull();
});

test.each([
  ["ann@evil.test", "another domain"],
  ["ann@corp.example.com", "another domain"],
  ["ann@evilexample.com", "another domain"],
  ["ann@example.com.evil.test", "another domain"],
  ["", "one @"],
  ["ann", "one @"],
  ["@example.com", "plain address"],
  ["ann@", "empty host"],
  ["ann@evil.test@example.com", "one @"],
  ["ann@example.com,bob@evil.test", "another domain"],
  ["ann@example.com,", "one @"],
  ["ann@example.com;bob@evil.test", "one @"],
  ["ann@example.com bob@evil.test", "one @"],
  ["ann@example.com\nBcc: bob@evil.test", "one @"],
  ["ann@example.com\nBcc: bob", "plain ASCII"],
  ["ann\r\n@example.com", "plain address"],
  ["Ann <ann@example.com>", "plain address"],
  ["<ann@example.com>", "plain address"],
  ["bob@evil.test <ann@example.com>", "one @"],
  ["ann(bob)@example.com", "plain address"],
  ["ann@(x)example.com", "plain ASCII"],
  ['"bob@evil.test"@example.com', "one @"],
  ['"ann"@example.com', "plain address"],
  ["@evil.test:ann@example.com", "one @"],
  ["bob%evil.test@example.com", "plain address"],
  ["evil.test!bob@example.com", "plain address"],
  ["ann@[10.0.0.1]", "plain ASCII"],
  ["ann@10.0.0.1", "no name"],
  ["ann@example.com.", "ends with a dot"],
  [".ann@example.com", "plain address"],
  ["a..b@example.com", "plain address"],
  ["änn@example.com", "plain address"],
  ["ann@еxample.com", "plain ASCII"],
  [`${"a".repeat(65)}@example.com`, "plain address"],
  [Array.from({ length: 101 }, () => "ann@example.com"), "more than 100"],
  [["ann@example.com", 1], "not text"],
  [["ann@example.com, bob@evil.test"], "one @"],
  [{ to: "ann@example.com" }, "neither text"],
  [null, "neither text"],
])("%j may not: %s", (value, why) => {
  expect(check(value)).toContain(why);
});

test("the message names the domains", () => {
  expect(check("ann@evil.test")).toBe(
    'goes to another domain; allowed is name@ example.com or *.corp.example.com: "ann@evil.test"',
  );
});
