import { hash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createDialer } from "../../src/adapters/dialer/dialer.ts";
import { createTokenIssuers } from "../../src/adapters/oauth/token-issuers.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import type { Principal } from "../../src/model/index.ts";
import {
  ann,
  bob,
  createHouse,
  show,
  tenant,
  toAsk,
  userSource,
} from "../oauth/broker-under-test.ts";
import { listen, readForm } from "../oauth/listen.ts";

const toRedirectUri = (server: string): string => `https://gate.example/connect/callback/${server}`;

interface Issued {
  readonly person: string;
  readonly challenge: string;
  readonly redirectUri: string;
}

interface Honest {
  readonly issuer: string;
  readonly forms: URLSearchParams[];
  /** Somebody who is signed in there and agrees: where their browser is sent. */
  authorize(url: string, person: string): string;
}

/** By the book: the client's redirect URI and the challenge are checked. */
async function startHonest({ registered = [toRedirectUri("calendar")], saysIss = true } = {}) {
  const codes = new Map<string, Issued>();
  const forms: URLSearchParams[] = [];
  const issuer: string = await listen((incoming, outgoing) => {
    outgoing.setHeader("content-type", "application/json");
    if (incoming.url!.startsWith("/.well-known/"))
      return void outgoing.end(JSON.stringify(toMetadata(issuer, saysIss)));
    void readForm(incoming).then((form) => {
      forms.push(form);
      const issued = codes.get(form.get("code")!);
      codes.delete(form.get("code")!);
      const isRight =
        issued?.redirectUri === form.get("redirect_uri") &&
        issued.challenge === hash("sha256", form.get("code_verifier")!, "base64url");
      if (!isRight) outgoing.statusCode = 400;
      const answer = isRight
        ? { access_token: `honest-token-of-${issued.person}`, token_type: "Bearer" }
        : { error: "invalid_grant" };
      outgoing.end(JSON.stringify(answer));
    });
  });
  const honest: Honest = {
    issuer,
    forms,
    authorize(url, person) {
      const asked = new URL(url).searchParams;
      const redirectUri = asked.get("redirect_uri")!;
      if (asked.get("client_id") !== "us-there" || !registered.includes(redirectUri))
        throw new Error("redirect_uri is not registered for this client");
      const code = `code-${codes.size}-of-${person}`;
      codes.set(code, { person, challenge: asked.get("code_challenge")!, redirectUri });
      const back = new URL(redirectUri);
      back.searchParams.set("code", code);
      back.searchParams.set("state", asked.get("state")!);
      if (saysIss) back.searchParams.set("iss", issuer);
      return back.href;
    },
  };
  return honest;
}

function toMetadata(issuer: string, saysIss: boolean) {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    code_challenge_methods_supported: ["S256"],
    ...(saysIss ? { authorization_response_iss_parameter_supported: true } : {}),
  };
}

/** Takes down every code that it is brought, with what makes it good elsewhere. */
async function startHostile() {
  const forms: URLSearchParams[] = [];
  const issuer: string = await listen((incoming, outgoing) => {
    outgoing.setHeader("content-type", "application/json");
    if (incoming.url!.startsWith("/.well-known/"))
      return void outgoing.end(JSON.stringify(toMetadata(issuer, false)));
    void readForm(incoming).then((form) => {
      forms.push(form);
      outgoing.end(JSON.stringify({ access_token: "hostile-token", token_type: "Bearer" }));
    });
  });
  return { issuer, forms };
}

/** The server `calendar` with the honest one, and `games` with the hostile one. */
function openHouse(honest: Honest, hostile: { readonly issuer: string }) {
  const toSource = (server: string, issuer: string, id: string) => ({
    ...userSource,
    issuer: { kind: "discovered", issuer, private: true } as const,
    client: { ...userSource.client, id },
    redirectUri: toRedirectUri(server),
  });
  const issuers = createTokenIssuers({ dialer: createDialer(), clock: systemClock });
  const house = createHouse(issuers, userSource);
  house.sources.set("calendar", toSource("calendar", honest.issuer, "us-there"));
  house.sources.set("games", toSource("games", hostile.issuer, "us-here"));
  const broker = house.createReplica();
  return {
    broker,
    /** The hostile one's token endpoint, behind a page that is somebody else's. */
    point(server: string, authorization: string, id: string): void {
      const { issuer } = hostile;
      const token = `${issuer}/token`;
      const place = { kind: "stated", issuer, token, authorization, revocation: null } as const;
      const source = toSource(server, issuer, id);
      house.sources.set(server, { ...source, issuer: { ...place, private: true } });
    },
    /** Where our page sends this person's browser. */
    async open(server: string, principal: Principal = ann): Promise<string> {
      const asked = await broker.begin({ tenant, server, principal });
      if (asked.kind !== "consent") throw new Error(asked.kind);
      const sent = await broker.authorize(asked.id, principal);
      if (sent.kind !== "redirect") throw new Error(sent.why);
      return sent.url;
    },
    tokenOf: async (server: string, principal: Principal = ann) =>
      show(await broker.headersFor(toAsk({ server, principal }))),
  };
}

const stateOf = (url: string): string => new URL(url).searchParams.get("state")!;

/** What the hostile one's page redirects to: the honest one, with a code to be given for our state. */
function passOn(sent: string, honest: Honest, redirectUri: string): string {
  const url = new URL(sent);
  url.searchParams.set("client_id", "us-there");
  url.searchParams.set("redirect_uri", redirectUri);
  return `${honest.issuer}/authorize${url.search}`;
}

test("each person's own consent at each of the two goes through, where it belongs", async () => {
  const honest = await startHonest();
  const { broker, open, tokenOf } = openHouse(honest, await startHostile());
  const back = honest.authorize(await open("calendar"), "ann");
  expect(new URL(back).pathname).toBe("/connect/callback/calendar");
  expect(await broker.finish(back, ann)).toMatchObject({ kind: "granted", server: "calendar" });
  expect(await tokenOf("calendar")).toEqual({ authorization: "Bearer honest-token-of-ann" });
  const here = `${toRedirectUri("games")}?code=x&state=${stateOf(await open("games"))}`;
  expect(await broker.finish(here, ann)).toMatchObject({ kind: "granted", server: "games" });
  expect(await tokenOf("games")).toEqual({ authorization: "Bearer hostile-token" });
});

describe.each([true, false])("issuer mix-up, the honest one says iss: %s", (saysIss) => {
  test("its answer to what the hostile one passed on is taken to nobody", async () => {
    const honest = await startHonest({ saysIss });
    const hostile = await startHostile();
    const { broker, open, tokenOf } = openHouse(honest, hostile);
    const sent = await open("games");
    const back = honest.authorize(passOn(sent, honest, toRedirectUri("calendar")), "ann");
    expect(await broker.finish(back, ann)).toMatchObject({ why: "state_unknown" });
    expect(hostile.forms).toEqual([]);
    expect(honest.forms).toEqual([]);
    expect(await tokenOf("games")).toBe("consent");
    // Nor does it give one that arrives where the hostile one's answers do.
    expect(() => honest.authorize(passOn(sent, honest, toRedirectUri("games")), "ann")).toThrow(
      "not registered",
    );
  });

  test("a state is good at its own server's place alone, and is not spoiled at another", async () => {
    const honest = await startHonest({ saysIss });
    const hostile = await startHostile();
    const { broker, open, tokenOf } = openHouse(honest, hostile);
    const back = honest.authorize(await open("calendar"), "ann");
    await open("games");
    for (const moved of [
      back.replace("/calendar?", "/games?"),
      back.replace("/calendar?", "?"),
      back.replace("/calendar?", "/calendar/?"),
      back.replace("/calendar?", "/games/calendar?"),
      back.replace("/calendar?", "/%63alendar?"),
      back.replace("state=calendar.", "state=games."),
    ]) {
      expect(await broker.finish(moved, ann), moved).toMatchObject({ why: "state_unknown" });
    }
    expect([...hostile.forms, ...honest.forms]).toEqual([]);
    expect(await broker.finish(back, ann)).toMatchObject({ kind: "granted" });
    expect(await tokenOf("calendar")).toEqual({ authorization: "Bearer honest-token-of-ann" });
  });

  test("endpoints of the hostile one that name the honest one's page get no code there", async () => {
    const honest = await startHonest({ saysIss });
    const hostile = await startHostile();
    const { open, point } = openHouse(honest, hostile);
    point("games", `${honest.issuer}/authorize`, "us-there");
    const sent = await open("games");
    expect(new URL(sent).origin).toBe(honest.issuer);
    expect(() => honest.authorize(sent, "ann")).toThrow("not registered");
  });

  test("code injection: a stolen code is worth nothing in somebody else's consent", async () => {
    const honest = await startHonest({ saysIss });
    const { broker, open, tokenOf } = openHouse(honest, await startHostile());
    const stolen = new URL(honest.authorize(await open("calendar"), "ann"));
    const state = stateOf(await open("calendar", bob));
    stolen.searchParams.set("state", state);
    expect(await broker.finish(stolen.href, bob)).toMatchObject({ why: "issuer_refused" });
    expect(honest.forms).toHaveLength(1);
    expect(await tokenOf("calendar", bob)).toBe("consent");
  });

  test("code injection: the attacker's code does not become the grant of who is misled", async () => {
    const honest = await startHonest({ saysIss });
    const { broker, open, tokenOf } = openHouse(honest, await startHostile());
    const own = new URL(honest.authorize(await open("calendar", bob), "bob"));
    own.searchParams.set("state", stateOf(await open("calendar", ann)));
    expect(await broker.finish(own.href, ann)).toMatchObject({ why: "issuer_refused" });
    expect(await tokenOf("calendar", ann)).toBe("consent");
  });
});

test("issuer mix-up: where both redirect URIs were registered at the honest one, its iss gives it away", async () => {
  const registered = ["calendar", "games"].map(toRedirectUri);
  const honest = await startHonest({ registered });
  const hostile = await startHostile();
  const { broker, open, point } = openHouse(honest, hostile);
  const passed = passOn(await open("games"), honest, toRedirectUri("games"));
  const outcome = await broker.finish(honest.authorize(passed, "ann"), ann);
  expect(outcome).toMatchObject({ why: "response_invalid" });
  point("games", `${honest.issuer}/authorize`, "us-there");
  const back = honest.authorize(await open("games"), "ann");
  expect(await broker.finish(back, ann)).toMatchObject({ why: "response_invalid" });
  expect(hostile.forms).toEqual([]);
});

test("an iss that is not the issuer's is refused although the metadata promises none", async () => {
  const hostile = await startHostile();
  const { broker, open } = openHouse(await startHonest(), hostile);
  const { issuer } = hostile;
  for (const iss of ["", "https://honest.example", `${issuer}/`, issuer.toUpperCase()]) {
    const back = `${toRedirectUri("games")}?code=x&state=${stateOf(await open("games"))}`;
    const outcome = await broker.finish(`${back}&iss=${encodeURIComponent(iss)}`, ann);
    expect(outcome, iss).toMatchObject({ why: "response_invalid" });
  }
  expect(hostile.forms).toEqual([]);
  const back = `${toRedirectUri("games")}?code=x&state=${stateOf(await open("games"))}`;
  const right = `${back}&iss=${encodeURIComponent(issuer)}`;
  expect(await broker.finish(right, ann)).toMatchObject({ kind: "granted" });
});

test("an error that another issuer sent is not believed", async () => {
  const hostile = await startHostile();
  const { broker, open } = openHouse(await startHonest(), hostile);
  const back = `${toRedirectUri("games")}?error=access_denied&state=${stateOf(await open("games"))}`;
  const outcome = await broker.finish(`${back}&iss=https%3A%2F%2Fhonest.example`, ann);
  expect(outcome).toMatchObject({ why: "response_invalid" });
});

test("a consent under way when the public URL changes is begun anew", async () => {
  const honest = await startHonest();
  const issuers = createTokenIssuers({ dialer: createDialer(), clock: systemClock });
  const place = { kind: "discovered", issuer: honest.issuer, private: true } as const;
  const source = {
    ...userSource,
    issuer: place,
    client: { ...userSource.client, id: "us-there" },
    redirectUri: toRedirectUri("calendar"),
  };
  const house = createHouse(issuers, source);
  const broker = house.createReplica();
  const asked = await broker.begin({ tenant, server: "github", principal: ann });
  const sent = await broker.authorize(asked.kind === "consent" ? asked.id : "", ann);
  const back = honest.authorize(sent.kind === "redirect" ? sent.url : "", "ann");
  const moved = "https://new.example/connect/callback/calendar";
  house.sources.set("github", { ...source, redirectUri: moved });
  expect(await broker.finish(`${moved}${new URL(back).search}`, ann)).toMatchObject({
    why: "state_unknown",
  });
  expect(honest.forms).toEqual([]);
});
