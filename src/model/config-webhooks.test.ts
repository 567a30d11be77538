import { expect, test } from "vitest";
import { webhookEvents, webhooksField } from "./config-webhooks.ts";

const hook = { url: "https://hooks.example/approvals", secret: "secret://chat" };
const parse = (changes: object, name = "chat") =>
  webhooksField.safeParse({ [name]: { ...hook, ...changes } });

test("a webhook takes a URL and a secret, and is told of everything in the default tenant", () => {
  expect(parse({}).data).toEqual({
    chat: { ...hook, events: [...webhookEvents], private: false, tenant: "default" },
  });
  expect(parse({ url: "http://127.0.0.1:8080/x", private: true }).success).toBe(true);
  expect(webhooksField.parse(undefined)).toEqual({});
});

test.each([
  [{ url: "http://hooks.example/" }, "plain http"],
  [{ url: "ftp://hooks.example/" }, "takes an http or https URL"],
  [{ url: "https://user:word@hooks.example/" }, "without user, password"],
  [{ url: "//hooks.example" }, "takes an http or https URL"],
  [{ secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }, "never the secret itself"],
  [{ events: [] }, "at least one event"],
  [{ events: ["approval.given"] }, "takes approval.asked"],
  [{ tenant: "Ada" }, "not a tenant name"],
  [{ word: "approved" }, "Unrecognized key"],
])("%j is refused", (changes, words) => {
  const parsed = parse(changes);
  expect(parsed.success).toBe(false);
  expect(JSON.stringify(parsed.error?.issues)).toContain(words);
  expect(JSON.stringify(parsed.error?.issues)).not.toContain("whsec_MfKQ");
});

test("names are simple, and there are only so many", () => {
  expect(parse({}, "Chat Room").success).toBe(false);
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`hook${n}`, hook]));
  expect(webhooksField.safeParse(many).success).toBe(false);
});
