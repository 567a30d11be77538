import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { createScene } from "../../test/ledger/receipt-scene.ts";
import { createVerifierPage, joinVerifier, verifierFiles } from "./verifier-page.ts";
import { verifyReceipt, type ReceiptReport, type Trust } from "./verify-receipt.ts";

const sources = verifierFiles.map((name) =>
  readFileSync(fileURLToPath(new URL(`./${name}.ts`, import.meta.url)), "utf8"),
);
const joined = joinVerifier(sources.map((source) => stripTypeScriptTypes(source)));

test("the verifier imports nothing but its own files", () => {
  const imported = sources.flatMap((source) =>
    [...source.matchAll(/\bfrom\s+"([^"]+)"|\bimport\s*\(?\s*"([^"]+)"/g)].map(
      ([, from, bare]) => from ?? bare,
    ),
  );
  const own = verifierFiles.map((name) => `./${name}.ts`);
  expect(imported.length).toBeGreaterThan(0);
  expect(imported.filter((name) => !own.includes(name ?? ""))).toEqual([]);
});

test("joined, with nothing of Node in reach, it says what the files say", async () => {
  const { crypto, TextEncoder, TextDecoder, atob, btoa, Uint8Array } = globalThis;
  const reach = { crypto, TextEncoder, TextDecoder, atob, btoa, Uint8Array };
  const verify = runInNewContext(`${joined}\nverifyReceipt`, reach) as (
    text: string,
    trust: Trust,
  ) => Promise<ReceiptReport>;
  const scene = createScene();
  const trust = { keys: [scene.verifierKey], passkeys: [scene.passkey.fingerprint] };
  for (const text of [JSON.stringify(scene.receipt), "{}"]) {
    const report = JSON.stringify(await verify(text, trust));
    expect(report).toBe(JSON.stringify(await verifyReceipt(text, trust)));
  }
  expect((await verify(JSON.stringify(scene.receipt), trust)).verified).toBe(true);
});

test("the page runs this script and this style, and nothing else", () => {
  const page = createVerifierPage(joined);
  const [policy = ""] = /(?<=Content-Security-Policy" content=")[^"]*/.exec(page) ?? [];
  const [script = ""] = /(?<=<script type="module">)[^]*(?=<\/script>)/.exec(page) ?? [];
  const [style = ""] = /(?<=<style>)[^]*(?=<\/style>)/.exec(page) ?? [];
  expect(policy.split("; ").slice(0, 3)).toEqual([
    "default-src 'none'",
    `script-src 'sha256-${hash("sha256", script, "base64")}'`,
    `style-src 'sha256-${hash("sha256", style, "base64")}'`,
  ]);
  expect(script).toContain(joined);
  expect(page.match(/<script/g)).toHaveLength(1);
  expect(createVerifierPage(joined.replaceAll("\n", "\r\n"))).toBe(page);
  expect(page).not.toMatch(/\b(?:src|href)=|https?:\/\/|\bfetch\(|innerHTML|\son\w+=/);
});

test("what would end the script early, or import anything, makes no page", () => {
  for (const source of ["'</script>'", "'</SCRIPT '", "'<!--'", "'<script'"]) {
    expect(() => createVerifierPage(source), source).toThrow(/cannot stand in a page/);
  }
  const rest = verifierFiles.slice(1).map(() => "");
  for (const source of [
    'import { a } from "node:fs";',
    'import "./other.js";',
    'import { a } from "./other.js";',
    'export { a } from "./signed-head.js";',
    'const a = await import("./signed-head.js");',
  ]) {
    expect(() => joinVerifier([source, ...rest]), source).toThrow(/imports what is not its own/);
  }
  expect(() => joinVerifier(rest)).toThrow(/other files/);
  const built =
    'import { a } from "./signed-head.js";\nexport function b() {}\n//# sourceMappingURL=b';
  expect(joinVerifier([built, ...rest]).trim()).toBe("function b() {}");
});
