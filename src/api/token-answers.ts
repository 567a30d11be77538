import { z } from "zod";
import { isRefused, type Agents, type Identity } from "../authority/identity.ts";
import type { KeyHolder } from "../authority/keyring.ts";
import { fromToolset } from "../mcp/place.ts";
import { digestSchema, Fault } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { ExchangeSubject } from "../ports/token-exchange.ts";
import type { Answer, Answers } from "./contract.ts";
import type { tokenRoutes } from "./token-route.ts";

export interface TokenAnswersOptions {
  readonly identity: () => Identity;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

type Exchanged = Answer<(typeof tokenRoutes)["exchangeToken"]>;
type Refusal = Extract<Exchanged, { status: 400 }>["body"]["error"];

const grantType = "urn:ietf:params:oauth:grant-type:token-exchange";
const accessToken = "urn:ietf:params:oauth:token-type:access_token";
const tokenType = z.enum([accessToken, "urn:ietf:params:oauth:token-type:jwt"]);

const actorName = z
  .string()
  .max(512)
  .transform((name, context) => {
    const at = name.lastIndexOf("@");
    const bundle = digestSchema.safeParse(name.slice(at + 1));
    if (bundle.success && at > 0) return { agent: name.slice(0, at), bundle: bundle.data };
    context.addIssue("takes the agent and its bundle's digest: name@sha256:…");
    return z.NEVER;
  });

const form = z
  .object({
    subject_token: z.string().min(1).max(16_384),
    subject_token_type: tokenType,
    requested_token_type: tokenType.optional(),
    requested_actor: actorName,
    resource: z.string().max(2_048).optional(),
    audience: z.string().max(2_048).optional(),
    scope: z.string().max(4_096).optional(),
    actor_token: z.never("is not read here; requested_actor names the agent").optional(),
  })
  .refine(({ resource, audience }) => (resource === undefined) !== (audience === undefined), {
    path: ["resource"],
    message: "or audience is needed, and not both",
  });
type Form = z.output<typeof form>;

export function createTokenAnswers(options: TokenAnswersOptions): Answers<typeof tokenRoutes> {
  return {
    exchangeToken: ({ body }) => {
      const identity = options.identity();
      const { agents } = identity;
      if (agents === null) {
        throw new Fault("not_found", "No tokens are issued here: publicUrl is not configured.");
      }
      const parameters = readParameters(body);
      if (parameters === null) return refuse("invalid_request", "A parameter is there twice.");
      if (parameters["grant_type"] !== grantType) {
        return refuse("unsupported_grant_type", `grant_type takes ${grantType}.`);
      }
      const parsed = form.safeParse(parameters);
      if (parsed.success) return exchange(options, { identity, agents, asked: parsed.data });
      const { path, message } = parsed.error.issues[0]!;
      return refuse("invalid_request", `${path.join(".")}: ${message}`);
    },
  };
}

/** One value a name; null where two readers could disagree. */
function readParameters(body: string): Readonly<Record<string, string>> | null {
  const pairs = [...new URLSearchParams(body)];
  const read = Object.fromEntries(pairs);
  return Object.keys(read).length === pairs.length ? read : null;
}

interface Asking {
  readonly identity: Identity;
  readonly agents: Agents;
  readonly asked: Form;
}

async function exchange(
  { clock, telemetry }: TokenAnswersOptions,
  { identity, agents, asked }: Asking,
): Promise<Exchanged> {
  const holder = await identity.identify(asked.subject_token);
  if (isRefused(holder)) {
    if (holder.why === "unavailable") throw new Fault("issuer_unavailable", holder.message);
    return refuse("invalid_request", `subject_token: ${holder.message}`);
  }
  const audience = asked.resource ?? asked.audience ?? "";
  if (!isOpenTo(holder, audience, agents)) {
    return refuse("invalid_target", "The subject has no access to this resource.");
  }
  const subject = toSubject(holder, asked.scope);
  if (subject === "no principal") {
    return refuse("invalid_request", "subject_token: this key calls no tools, for nobody.");
  }
  if (subject === "wider") return refuse("invalid_scope", "The subject has no such scope.");
  const { requested_actor: actor } = asked;
  const outcome = await agents.tokens.exchange(subject, { ...actor, audience });
  if (outcome.kind === "refused") {
    const isTarget = outcome.why === "audience";
    return refuse(isTarget ? "invalid_target" : "invalid_request", outcome.message);
  }
  const { id, expiresAtMs, token } = outcome;
  telemetry.log("info", "a token for an agent was issued", {
    by: holder.id,
    ...actor,
    audience,
    id,
  });
  return {
    status: 200,
    body: {
      access_token: token.reveal(),
      issued_token_type: accessToken,
      token_type: "Bearer",
      expires_in: Math.max(0, Math.floor((expiresAtMs - clock.nowMs()) / 1_000)),
      ...(subject.scopes.length === 0 ? {} : { scope: subject.scopes.join(" ") }),
    },
  };
}

/** An agent gets into no endpoint that its subject's own proof does not open. */
function isOpenTo(
  { opens, toolsets }: KeyHolder,
  audience: string,
  { publicUrl }: Agents,
): boolean {
  const place = audience.startsWith(publicUrl) ? audience.slice(publicUrl.length) : "";
  // A URL may go on from ours with a port or a name of another host.
  if (place !== "/mcp" && !place.startsWith("/mcp/")) return false;
  if (opens !== null && !opens.has(place)) return false;
  return toolsets === null || toolsets.some((toolset) => fromToolset(toolset) === place);
}

function toSubject(
  { principal, roles, proof }: KeyHolder,
  scope: string | undefined,
): ExchangeSubject | "no principal" | "wider" {
  if (principal === null) return "no principal";
  if (scope === undefined) return { principal, roles, ...proof };
  const scopes = scope.split(" ").filter((each) => each !== "");
  const isWider = scopes.some((each) => !proof.scopes.includes(each));
  return isWider ? "wider" : { principal, roles, ...proof, scopes };
}

function refuse(error: Refusal, description: string): Exchanged {
  return { status: 400, body: { error, error_description: description } };
}
