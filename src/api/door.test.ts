import { describe, expect, test } from "vitest";
import {
  adminKey,
  approverKey,
  startTestApi,
  speak,
  tell,
  type Tell,
} from "../../test/start-api.ts";
import { routes } from "./routes.ts";

describe("keys", () => {
  const paths = Object.values(routes);

  test.each(paths)("$method $path lets in whom the contract names", async (route) => {
    const { url } = await startTestApi();
    const { method, path } = route;
    const open = route.access === "open";
    const takesBody = "consumes" in route;
    const asked = { method, body: takesBody ? "version: 1" : undefined };
    const statusFor = async (key: string | null) =>
      (await tell(url, path, { ...asked, key } as Tell)).status;
    // What takes a body says what is wrong with this one.
    const answered = takesBody ? 415 : 200;
    expect(await statusFor(null)).toBe(open ? answered : 401);
    expect(await statusFor("wrong")).toBe(open ? answered : 401);
    for (const [role, key] of [
      ["admin", adminKey],
      ["approver", approverKey],
    ] as const) {
      const isAllowed = open || (route.access as readonly string[]).includes(role);
      const status = await statusFor(key);
      expect([role, status === 403]).toEqual([role, !isAllowed]);
    }
  });

  test("a refused key is asked for as a bearer token, and its value is not repeated", async () => {
    const { url, logged } = await startTestApi();
    const told = await tell(url, "/v1/config", { key: "s3cret-guess" });
    expect(told.headers["www-authenticate"]).toBe("Bearer");
    expect(told.body.error).toMatchObject({
      code: "unauthenticated",
      message: "The API key is not known here.",
    });
    expect(told.text + JSON.stringify(logged)).not.toContain("s3cret");
  });

  test.each([
    ["Basic YWRtaW46YQ=="],
    [`bearer-ish ${adminKey}`],
    [adminKey],
    [`Bearer ${adminKey} ${adminKey}`],
    ["Bearer "],
  ])("%s is no key", async (authorization) => {
    const { url } = await startTestApi();
    const told = await tell(url, "/v1/config", { key: null, headers: { authorization } });
    expect(told.status).toBe(401);
  });

  test("whoever has no key does not learn which paths exist", async () => {
    const { url } = await startTestApi();
    expect((await tell(url, "/v1/nothing", { key: null })).status).toBe(401);
    expect((await tell(url, "/v1/nothing")).body.error.code).toBe("not_found");
    expect((await tell(url, "/")).body.error.code).toBe("not_found");
  });
});

describe("callers", () => {
  test.each([
    "evil.example",
    "evil.example:7070",
    "127.0.0.1.evil.example",
    "localhost.evil.example:80",
    "127.0.0.1@evil.example",
    "[::2]",
    "0.0.0.0",
  ])("Host %j is refused before the key is looked at", async (host) => {
    const { url } = await startTestApi();
    const told = await tell(url, "/health", { key: null, headers: { host } });
    expect(told.status).toBe(403);
    expect(told.body.error.code).toBe("host_refused");
  });

  test.each(["127.0.0.1", "LOCALHOST:1", "localhost:7070", "[::1]:7070", "agents.example.com"])(
    "Host %j is taken",
    async (host) => {
      const { url } = await startTestApi({ limits: { allowedHosts: ["agents.example.com"] } });
      expect((await tell(url, "/health", { headers: { host } })).status).toBe(200);
    },
  );

  test("two Host headers and none at all are refused", async () => {
    const { url } = await startTestApi();
    const end = "connection: close\r\n\r\n";
    expect(
      await speak(url, `GET /health HTTP/1.1\r\nhost: localhost\r\nhost: evil\r\n${end}`),
    ).toMatch(/^HTTP\/1.1 400 [^]*request_invalid/);
    expect(await speak(url, `GET /health HTTP/1.1\r\n${end}`)).toMatch(
      /^HTTP\/1.1 400 [^]*no Host header/,
    );
  });

  test.each([
    "http://evil.example",
    "null",
    "http://localhost:1",
    "https://127.0.0.1.evil.example",
    "file://",
  ])("Origin %j is refused, key or not", async (origin) => {
    const { url } = await startTestApi();
    const told = await tell(url, "/v1/version", { headers: { origin } });
    expect(told.status).toBe(403);
    expect(told.body.error.code).toBe("origin_refused");
    expect(told.headers["access-control-allow-origin"]).toBeUndefined();
  });

  test("our own origin and a configured one are taken", async () => {
    const { url } = await startTestApi({
      limits: { allowedOrigins: ["https://console.example.com"] },
    });
    for (const origin of [url, "https://console.example.com"]) {
      expect((await tell(url, "/v1/version", { headers: { origin } })).status).toBe(200);
    }
  });

  test.each(["http://evil.example/health", "//evil.example/health", "*", "/a\\b"])(
    "the target %j is not a path",
    async (target) => {
      const { url } = await startTestApi();
      const answer = await speak(
        url,
        `GET ${target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1.1 400 /);
      expect(answer).toContain("request_invalid");
    },
  );
});

describe("answers", () => {
  test("carry the security headers and the request's id", async () => {
    const { url } = await startTestApi();
    const { headers } = await tell(url, "/v1/version");
    expect(headers).toMatchObject({
      "cache-control": "no-store",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    });
    expect(headers["x-request-id"]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(headers["x-powered-by"] ?? headers.server).toBeUndefined();
  });

  test("405 names the methods, 406 and 415 the types", async () => {
    const { url } = await startTestApi();
    const wrongMethod = await tell(url, "/v1/config", { method: "DELETE" });
    expect(wrongMethod.status).toBe(405);
    expect(wrongMethod.headers.allow).toBe("GET, HEAD, PUT");
    expect((await tell(url, "/v1/version", { headers: { accept: "text/html" } })).status).toBe(406);
    expect(
      (await tell(url, "/v1/version", { headers: { accept: "text/*, application/json;q=0" } }))
        .status,
    ).toBe(406);
    expect(
      (await tell(url, "/v1/version", { headers: { accept: "text/html, */*;q=0.1" } })).status,
    ).toBe(200);
    for (const headers of [
      {},
      { "content-type": "application/json" },
      { "content-type": "application/yaml; charset=latin1" },
      { "content-type": "application/yaml", "content-encoding": "gzip" },
    ]) {
      const told = await tell(url, "/v1/config/plan", {
        method: "POST",
        headers,
        body: "a: 1",
      });
      expect(told.body.error.code).toBe("media_unsupported");
    }
  });

  test("HEAD is GET without a body", async () => {
    const { url } = await startTestApi();
    const told = await tell(url, "/health", { method: "HEAD" });
    expect([told.status, told.text]).toEqual([200, ""]);
  });

  test("a bug is 500 with nothing of itself, logged with the same id, and the next request is served", async () => {
    const { url, logged } = await startTestApi({
      plan: () => {
        throw new TypeError("undefined is not a /secret/path");
      },
    });
    const told = await tell(url, "/v1/config/plan", {
      method: "POST",
      headers: { "content-type": "application/yaml" },
      body: "version: 1",
    });
    expect(told.status).toBe(500);
    expect(told.text).not.toContain("secret");
    const bug = logged.find(({ message }) => message === "bug");
    expect(bug?.fields).toMatchObject({ request: told.body.error.request });
    expect(JSON.stringify(bug)).toContain("/secret/path");
    expect((await tell(url, "/health")).status).toBe(200);
  });
});
