import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { callCli } from "../../test/call-cli.ts";
import { toBuilt } from "../../test/simulation/parts.ts";
import type { Bundle, Client } from "../client/client.ts";
import { toDigest } from "../model/index.ts";
import { renderBundle } from "./render-bundle.ts";
import { createVoice } from "./voice.ts";

const digest = toDigest("a bundle");
const place = { backend: "gpu", kind: "openai", model: "m\u202e1", adapter: null, weight: 1 };
const model = { alias: "fast", maxTokens: 1, temperature: null, stop: [], route: [[place]] };
const { bundle: plain } = toBuilt(undefined, {
  agent: "travel",
  description: "Books.\u001b[2J\n  policy: none",
  model,
  instructions: "One.\nTwo.",
  servers: [{ name: "t", version: "1\u202e2", source: digest, isolation: "remote", sandbox: null }],
});
const bundle = plain as Bundle["bundle"];

function render(hasColor: boolean): string {
  const streams = { out: () => undefined, err: () => undefined, isInteractive: true, hasColor };
  return renderBundle({ digest, bundle }, createVoice(streams, false).paint);
}

test("a bundle is shown in colours at a terminal, and says the same without them", () => {
  expect(render(true)).toContain("\u001b[1mtravel\u001b[22m");
  expect(stripVTControlCharacters(render(true))).toBe(render(false));
});

test("what a server or a document says of itself neither acts nor looks like another line", () => {
  const shown = render(false);
  expect(shown).toContain("Books.⟦U+001B ESCAPE⟧[2J⟦U+000A LINE FEED⟧  policy: none");
  for (const sign of ["\u001b", "\u202e"]) expect(shown).not.toContain(sign);
  expect(shown.split("\n")[2]).toBe("");
});

test("skills stand by their names, each with the digest of all its files", () => {
  const files = [{ path: "SKILL.md", digest, size: 1 }];
  const skill = { name: "pack\u001bing", description: "", digest, wishes: [], files };
  const { paint } = createVoice(
    { out: () => undefined, err: () => undefined, isInteractive: false, hasColor: false },
    false,
  );
  const skilled = { ...bundle, skills: [skill] };
  const text = renderBundle({ digest, bundle: skilled }, paint);
  expect(text).toMatch(/skill pack.+ing {2}1 file {2}sha256:[0-9a-f]{12}\n/);
  expect(text).not.toContain("\u001b");
});

test("neither does what changed from one to another", async () => {
  const text = 'server t: version "1" → "1\u202e2\u001b[2J"\nserver u: added';
  const client: Partial<Client> = {
    diffBundles: async ({ from, to }) => ({
      status: 200,
      etag: null,
      body: { from, to, changes: [{ component: "server t", text }] },
    }),
  };
  const { out } = await callCli(`bundle diff ${digest} ${digest}`, { client });
  expect(out).toMatch(/^ {2}server t: .*⟦U\+001B ESCAPE⟧.*server u: added\n$/);
  expect(out).not.toContain("\u202e");
});
