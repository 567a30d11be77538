import { readFileSync } from "node:fs";
import { format } from "oxfmt";
import { expect, test } from "vitest";
import { toClientSource } from "./client-source.ts";
import { toOpenApi } from "./openapi.ts";
import { routes } from "./routes.ts";

// `npx vitest run src/api/contract.test.ts -u` writes both files anew.
const root = new URL("../../", import.meta.url);
const { version } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));
const openapi = toOpenApi(routes, version);

test("openapi.json is what the contract says", async () => {
  const text = `${JSON.stringify(openapi, null, 2)}\n`;
  await expect(text).toMatchFileSnapshot(new URL("test/golden/openapi.json", root).pathname);
});

test("the client is made from the contract", async () => {
  const { code, errors } = await format("client.ts", toClientSource(openapi), { printWidth: 100 });
  expect(errors).toEqual([]);
  await expect(code).toMatchFileSnapshot(new URL("src/client/client.ts", root).pathname);
});

test("every reference in openapi.json leads somewhere", () => {
  const { schemas } = openapi["components"] as { schemas: Record<string, unknown> };
  const references = [...JSON.stringify(openapi).matchAll(/"#\/components\/schemas\/(\w+)"/g)];
  expect(references.length).toBeGreaterThan(5);
  for (const [, name] of references) expect(Object.keys(schemas)).toContain(name);
});

test("vital routes and open forms have fixed paths, as the door compares whole ones", () => {
  const compared = Object.values(routes).filter(
    (route) => "vital" in route || (route.access === "open" && "consumes" in route),
  );
  expect(compared.length).toBeGreaterThan(0);
  expect(compared.filter(({ path }) => path.includes("{"))).toEqual([]);
});
