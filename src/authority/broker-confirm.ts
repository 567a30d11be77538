import type { CredentialRefusal, UserSource } from "../ports/credentials.ts";
import {
  authorizeConsent,
  finishConsent,
  parseTicket,
  toWhose,
  unknownState,
  type ConfirmedBy,
  type ConsentOutcome,
} from "./broker-consent.ts";
import { refuse, type BrokerOptions, type BrokerParts, type Holder } from "./broker-parts.ts";

export interface ConsentSteps {
  /** Where the browser goes from our page, if it is the same person's (see `ConfirmedBy`). */
  authorize(
    ticket: string,
    confirmedBy: ConfirmedBy,
  ): Promise<{ readonly kind: "redirect"; readonly url: string } | CredentialRefusal>;
  /** The issuer sent the browser back here. */
  finish(callbackUrl: string, confirmedBy: ConfirmedBy): Promise<ConsentOutcome>;
}

/** `onGranted` hears of a new grant before the person does. */
export function createConsentSteps(
  parts: BrokerParts,
  onGranted: (holder: Holder, source: UserSource) => void,
): ConsentSteps {
  return {
    async authorize(ticket, confirmedBy) {
      const confirmed = confirm(parts, ticket, confirmedBy);
      if (confirmed.kind === "refused") return confirmed;
      return authorizeConsent(parts, confirmed.source, { ticket, holder: confirmed.holder });
    },
    async finish(callbackUrl, confirmedBy) {
      const states = readStates(callbackUrl);
      // Two states are a trick: one for whoever checks, one for whoever looks it up.
      if (states.length !== 1) return unknownState();
      const state = states[0]!;
      const confirmed = confirm(parts, state, confirmedBy);
      if (confirmed.kind === "refused") return confirmed;
      const { source, holder } = confirmed;
      const outcome = await finishConsent(parts, source, { callbackUrl, state, holder });
      if (outcome.kind === "granted") onGranted(holder, source);
      return outcome;
    },
  };
}

const maxUrlLength = 16_384;

function readStates(callbackUrl: string): readonly string[] {
  if (callbackUrl.length > maxUrlLength || !URL.canParse(callbackUrl)) return [];
  return new URL(callbackUrl).searchParams.getAll("state");
}

/**
 * The holder comes from who confirms, never from what the URL says: that only decides which no it is.
 * Nothing is used up by somebody else's visit, so nobody can end a consent but whose it is.
 */
function confirm(
  options: BrokerOptions,
  text: string,
  confirmedBy: ConfirmedBy,
):
  | { readonly kind: "ok"; readonly source: UserSource; readonly holder: Holder }
  | CredentialRefusal {
  const ticket = parseTicket(text);
  if (ticket === null) return unknownState();
  if (confirmedBy === null) {
    return refuse("unconfirmed", "Sign in first: it has to be the person who asked.");
  }
  if (confirmedBy.actor !== null) {
    return refuse("unconfirmed", "A person agrees to this, not an agent that acts for one.");
  }
  const { tenant } = confirmedBy;
  const holder = { tenant, server: ticket.server, principal: confirmedBy };
  if (toWhose(holder) !== ticket.whose) {
    return refuse("other_person", "Somebody else asked for this. Nothing was given to anybody.");
  }
  const source = options.sourceOf(tenant, ticket.server);
  return source?.kind === "user" ? { kind: "ok", source, holder } : unknownState();
}
