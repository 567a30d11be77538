import { hash } from "node:crypto";
import { expect, test } from "vitest";
import { callerKey } from "../mcp/gate-under-test.ts";
import { createBrowser } from "./browse.ts";
import { openPage } from "./connect-browser.ts";
import { agree, ask, echo, openScene, send, textOf } from "./consent-scene.ts";

test("the page holds nothing but itself, whatever stands in its URL", async () => {
  const scene = await openScene();
  const trick = `${scene.origin}/connect?consent=${encodeURIComponent('"><img src=x onerror=alert(1)>.a')}`;
  const page = await openPage(trick);
  expect(page.html).not.toContain("alert");
  expect(page.element("form").hidden).toBe(true);
  const { url } = await ask(scene);
  const real = await openPage(url);
  expect(real.html).toBe(page.html);
  expect(real.html).not.toMatch(/\son[a-z]+=|javascript:|https?:\/\//);
  expect(real.html).toContain('name="viewport"');
  const [, script] = /<script>(.*)<\/script>/s.exec(real.html)!;
  expect(real.policy).toContain(`script-src 'sha256-${hash("sha256", script!, "base64")}';`);
  expect(real.policy).toContain("default-src 'none'");
  expect(real.policy).not.toContain("unsafe");
  const response = await fetch(url);
  expect(response.headers.getSetCookie()).toEqual([]);
  expect(response.headers.get("referrer-policy")).toBe("no-referrer");
  expect(response.headers.get("cache-control")).toBe("no-store");
});

test("the page takes the code out of the address bar, and the key out of its field", async () => {
  const scene = await openScene();
  const issuer = await (await openPage((await ask(scene)).url)).submit(callerKey);
  const back = await openPage(await createBrowser().agree(issuer!, "ann"));
  expect(back.address()).toBe("/connect/callback/fix");
  await back.submit(callerKey);
  expect(back.element("key").value).toBe("");
});

test("the page can be opened without a call, for oneself", async () => {
  const scene = await openScene();
  await agree(`${scene.origin}/connect?server=fix`, callerKey, "ann");
  expect(textOf(await send(scene, echo))).toBe("hi ×1");
  const none = await openPage(`${scene.origin}/connect?server=none`);
  expect(await none.submit(callerKey)).toBeNull();
  expect(none.element("said").textContent).toContain("asks nobody");
});
