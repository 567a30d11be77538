import { hash } from "node:crypto";
import { createContext, runInContext } from "node:vm";
import { expect, test } from "vitest";
import { createApprovalPage } from "./approval-page.ts";
import { toInlineSource } from "./inline-source.ts";
import type { Shown } from "./page/shown.ts";

const page = createApprovalPage();

/** As much of an element as the page uses: what it holds can be read, and pressed. */
interface FakeElement {
  children: (FakeElement | string)[];
  disabled: boolean;
  value: string;
  open: boolean;
  textContent: string;
  say(type: string): void;
}

function toElement(tag: string): FakeElement {
  const listeners: Record<string, (event: object) => void> = {};
  const element = {
    tag,
    className: "",
    hidden: false,
    disabled: false,
    value: "",
    open: false,
    children: [] as FakeElement["children"],
    style: { setProperty: () => undefined },
    append: (...children: never[]) => void element.children.push(...children),
    replaceChildren: (...children: never[]) => void (element.children = children),
    setAttribute: () => undefined,
    addEventListener: (type: string, listener: (event: object) => void) =>
      void (listeners[type] = listener),
    focus: () => undefined,
    showModal: () => void (element.open = true),
    close: () => void (element.open = false),
    say: (type: string) => listeners[type]!({ preventDefault: () => undefined, target: null }),
    get textContent(): string {
      return element.children
        .map((child) => (typeof child === "string" ? child : child.textContent))
        .join("");
    },
    set textContent(text: string) {
      element.children = [text];
    },
  };
  return element;
}

interface Sent {
  readonly path: string;
  readonly key: string;
  readonly body: unknown;
}

/** The page's own script in a scope without a browser, over answers of the test. */
async function open(shown: Shown, answer: (sent: Sent) => { status: number; body: object } | null) {
  const script = /<script>(.*)<\/script>/s.exec(page.html)![1]!;
  const elements: Record<string, FakeElement> = {};
  const sent: Sent[] = [];
  const find = (id: string) => (elements[id] ??= toElement("div"));
  const ids = new Set([...page.html.matchAll(/\sid="([a-z]+)"/g)].map(([, id]) => id!));
  const toAnswer = (path: string, one: Sent): { status: number; body: object } | null => {
    if (path.includes("wait=")) return null;
    if (path.startsWith("/v1/approvals?")) {
      return { status: 200, body: { approvals: [shown], seen: "1" } };
    }
    return path.endsWith(shown.id) ? { status: 200, body: shown } : answer(one);
  };
  const window = {
    document: {
      title: "",
      createElement: toElement,
      getElementById: (id: string) => (ids.has(id) ? find(id) : null),
      addEventListener: () => undefined,
    },
    location: { pathname: `/approvals/${shown.id}` },
    history: { pushState: () => undefined },
    navigator: {},
    addEventListener: () => undefined,
    scrollTo: () => undefined,
    setTimeout: () => undefined,
    setInterval: () => undefined,
    fetch: async (
      path: string,
      { headers, body }: { headers: Record<string, string>; body?: string },
    ) => {
      const one = {
        path,
        key: headers["authorization"]!,
        body: body && (JSON.parse(body) as unknown),
      };
      sent.push(one);
      const given = toAnswer(path, one);
      if (given === null) return new Promise(() => undefined);
      const { status, body: told } = given;
      return { ok: status === 200, status, json: async () => told };
    },
  };
  runInContext(script, createContext({ window, Date: FixedDate }));
  find("key").value = " key-1 ";
  find("signin").say("submit");
  await settle();
  return { find, sent };
}

class FixedDate extends Date {
  static override now = () => Date.parse("2026-11-21T10:00:00Z");
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}

const shownOnce: Shown = {
  id: "01900000-0000-7000-8000-000000000001",
  digest: `sha256:${"0f".repeat(32)}`,
  state: "pending",
  server: "bank",
  tool: "transfer",
  method: "tools/call",
  target: "bank__transfer",
  toolset: "",
  effect: "destructive",
  outward: false,
  labels: ["untrusted"],
  description: "Moves money.",
  rules: [{ rule: "large", text: "Above 1,000." }],
  approvers: [{ who: "role:finance", quorum: 2, passkey: false, have: 1 }],
  requester: { kind: "person", subject: "ada", agent: "assistant" },
  claim: "It is urgent\u202e.",
  args: { to: "b\u0430nk", amount: 4200 },
  facts: [],
  lastApproved: { id: "x", at: "2026-11-20T10:00:00Z", args: { to: "bank", amount: 4200 } },
  reach: { transport: "http", hosts: ["bank.example:443"], credential: null },
  verdicts: [
    {
      word: "approved",
      approver: "grace",
      reason: "Fine.",
      at: "2026-11-21T09:59:00Z",
      passkey: true,
    },
  ],
  createdAt: "2026-11-21T09:58:00Z",
  expiresAt: "2026-11-21T10:04:05Z",
  holds: true,
  erased: false,
};

test("says what is about to be done, by whom, why and with what", async () => {
  const { find, sent } = await open(shownOnce, () => null);
  const text = find("shown").textContent;
  expect(text).toContain("assistant for ada wants to call transfer of bank.");
  expect(text).toContain("It may destroy or overwrite something.");
  expect(text).toContain('"to": "bа⟦U+0430 CYRILLIC, LIKE a⟧nk"');
  expect(text).toContain('/towas "bank"now "bа⟦U+0430 CYRILLIC, LIKE a⟧nk"');
  expect(text).toContain("What the requester says about it");
  expect(text).toContain("It is urgent⟦U+202E RIGHT-TO-LEFT OVERRIDE⟧.");
  expect(text).toContain("large — Above 1,000.");
  expect(text).toContain("2 of: anybody with the role finance — 1 of 2 so far");
  expect(text).toContain("grace approved with a passkey");
  expect(text).toContain("bank.example:443");
  expect(text).toContain(shownOnce.digest);
  expect(find("countdown").textContent).toBe("Runs out in 4 min 05 s");
  expect(find("why").textContent).toBe("");
  expect(find("approve").disabled).toBe(false);
  expect(find("key").value).toBe("");
  expect(new Set(sent.map(({ key }) => key))).toEqual(new Set(["Bearer key-1"]));
});

test("sends the digest of what is shown, once, with the reason", async () => {
  const { find, sent } = await open(shownOnce, () => ({ status: 200, body: { state: "pending" } }));
  find("reason").value = " checked ";
  find("approve").say("click");
  find("approve").say("click");
  find("deny").say("click");
  await settle();
  const posted = sent.filter(({ body }) => body !== undefined);
  expect(posted).toEqual([
    {
      path: `/v1/approvals/${shownOnce.id}/decision`,
      key: "Bearer key-1",
      body: { digest: shownOnce.digest, word: "approved", reason: "checked" },
    },
  ]);
  expect(find("said").textContent).toBe("Your yes is kept. Others have to agree, too.");
});

test.each([
  [409, "approval_decided", "it is shown as it stands now. Because."],
  [410, "approval_expired", "It ran out before your decision arrived."],
  [412, "approval_mismatch", "What is asked is not what was shown to you."],
  [403, "forbidden", "You may not decide this."],
  [503, "overloaded", "The server has too much to do just now."],
  [500, "bug", "It was not decided."],
])("a decision that is answered with %i is explained", async (status, code, words) => {
  const refused = { status, body: { error: { code, message: "Because.", hint: "" } } };
  const { find } = await open(shownOnce, () => refused);
  find("approve").say("click");
  await settle();
  expect(find("said").textContent).toContain(words);
});

test.each<[string, Partial<Shown>, { approve: string; deny: boolean }]>([
  ["denied", { state: "denied" }, { approve: "It was denied.", deny: true }],
  ["late", { expiresAt: "2026-11-21T10:00:00Z" }, { approve: "It has run out.", deny: true }],
  ["without a time", { expiresAt: "never" }, { approve: "It has run out.", deny: true }],
  [
    "erased",
    { erased: true, args: null },
    { approve: "What was asked has been erased", deny: false },
  ],
  ["too large", { args: null }, { approve: "too large to be kept", deny: false }],
  ["changed since", { holds: false }, { approve: "has changed since", deny: false }],
  [
    "folded",
    { args: { text: "x".repeat(5_000) } },
    { approve: "Not all of the arguments are shown yet.", deny: false },
  ],
  [
    "for a passkey",
    { approvers: [{ who: "ada", quorum: 1, passkey: true, have: 0 }] },
    { approve: "This takes a passkey", deny: false },
  ],
])("what is %s cannot be approved, and the page says why", async (_, changes, expected) => {
  const { find } = await open({ ...shownOnce, ...changes }, () => null);
  expect(find("why").textContent).toContain(expected.approve);
  expect({ approve: find("approve").disabled, deny: find("deny").disabled }).toEqual({
    approve: true,
    deny: expected.deny,
  });
});

test("the page is one file that lets in nothing but itself", () => {
  expect(page.html).not.toMatch(
    /\son[a-z]+=|javascript:|https?:\/\/|innerHTML|document\.write|eval\(/,
  );
  expect(page.html).not.toMatch(/localStorage|sessionStorage|indexedDB|cookie/);
  const [, script] = /<script>(.*)<\/script>/s.exec(page.html)!;
  expect(page.policy).toContain(`script-src 'sha256-${hash("sha256", script!, "base64")}';`);
  expect(page.policy).toContain("require-trusted-types-for 'script'");
  expect(page.policy).toContain("frame-ancestors 'none'");
  expect(page.policy).not.toContain("unsafe");
  expect(script).not.toMatch(/^\s*(?:import|export)\b/m);
});

test("two modules that say one name are not put into one page", () => {
  const modules = ["./page/desk.ts", "./page/desk.ts"];
  expect(() => toInlineSource(modules, import.meta.url)).toThrow("Two modules of a page say");
});
