import { expect, test } from "vitest";
import { startTestApi } from "../../test/start-api.ts";

test("the page is served to everybody, as a document that nothing is kept of", async () => {
  const api = await startTestApi();
  for (const path of ["/approvals", "/approvals/01900000-0000-7000-8000-000000000001"]) {
    const response = await fetch(api.url + path);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    const policy = response.headers.get("content-security-policy");
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(await response.text()).toContain("<title>Approvals</title>");
  }
});

test("what is beside the page stays closed", async () => {
  const api = await startTestApi();
  for (const path of [
    "/approvals/a/b",
    "/approvals/",
    "/approvalsx",
    "/v1/approvals",
    "/v1/version",
  ]) {
    expect([path, (await fetch(api.url + path)).status]).toEqual([path, 401]);
  }
  const posted = await fetch(`${api.url}/approvals/x`, { method: "POST" });
  expect(posted.status).toBe(405);
});
