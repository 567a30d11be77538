import { createContext, runInContext } from "node:vm";
import { expect, test } from "vitest";
import { connectPage } from "./connect-page.ts";

const ticket = `payments.0123456789abcdef.${"A".repeat(43)}`;

/** What the page's own script shows at an address, and what it sends when the button is pressed. */
async function open(target: string) {
  const script = /<script>(.*)<\/script>/s.exec(connectPage.html)![1]!;
  const elements: Record<string, Record<string, unknown>> = {};
  const sent: unknown[] = [];
  let submit: (event: object) => void = () => undefined;
  const element = (id: string) =>
    (elements[id] ??= {
      value: "",
      hidden: false,
      addEventListener: (_name: string, listener: typeof submit) => void (submit = listener),
    });
  const globals = {
    URL,
    location: { href: `https://gate.example${target}`, assign: () => undefined },
    history: { replaceState: () => undefined },
    document: { getElementById: element },
    fetch: async (_path: string, { body }: { body: string }) => {
      sent.push(JSON.parse(body));
      return { ok: true, json: async () => ({ url: "https://issuer.example/" }) };
    },
  };
  runInContext(script, createContext(globals));
  if (element("form")["hidden"] === true) return { title: null, sent };
  element("key")["value"] = "key";
  submit({ preventDefault: () => undefined });
  return { title: element("title")["textContent"], sent };
}

test("the server that is shown is the one that is asked about", async () => {
  expect(await open("/connect?server=calendar")).toEqual({
    title: "Connect calendar",
    sent: [{ server: "calendar" }],
  });
  const shown = { title: "Connect payments", sent: [{ consent: ticket }] };
  expect(await open(`/connect?consent=${ticket}`)).toEqual(shown);
  expect(await open(`/connect?server=payments&consent=${ticket}`)).toEqual(shown);
  for (const query of [`server=calendar&consent=${ticket}`, "server=calendar&consent=", ""]) {
    expect(await open(`/connect?${query}`)).toEqual({ title: null, sent: [] });
  }
  const query = `server=calendar&code=1&state=${ticket}`;
  const back = `/connect/callback/payments?${query}`;
  expect((await open(back)).title).toBe("Finish connecting payments");
  expect((await open("/connect/callback/payments?code=1")).title).toBeNull();
});

test("what is sent back to one server's place with the state of another goes nowhere", async () => {
  const right = await open(`/connect/callback/payments?code=1&state=${ticket}`);
  const url = `https://gate.example/connect/callback/payments?code=1&state=${ticket}`;
  expect(right.sent).toEqual([{ url }]);
  for (const place of ["calendar", "", "payments/", "payments/x", "%70ayments"]) {
    const back = `/connect/callback/${place}?code=1&state=${ticket}`;
    expect(await open(back), place).toEqual({ title: null, sent: [] });
  }
});
