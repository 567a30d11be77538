import type { Duplex } from "node:stream";
import type { EgressAttempt } from "../../ports/egress.ts";
import type { BoundPlace } from "./bound-place.ts";
import type { FirstBytes, Take } from "./first-bytes.ts";
import type { NextBytes } from "./next-bytes.ts";
import type { Place } from "./place.ts";
import type { EgressRefusal } from "./refusal.ts";
import type { Permit } from "./rules.ts";

/** What the protocols need of a connection. */
export interface Line {
  readonly socket: Duplex;
  readonly first: FirstBytes;
  readonly permit: Permit;
  /** What the log will say of it. */
  readonly seen: { -readonly [Key in keyof EgressAttempt]: EgressAttempt[Key] };
  /** How the program is told of a refusal, in the protocol that it speaks by then. */
  toAnswer: (refusal: EgressRefusal) => Buffer | string;
  /** Reads what must come whole, and in time. */
  read<T>(take: Take<T>): Promise<T>;
  /** Resolves and connects. */
  reach(place: Place): Promise<void>;
  /** Whose credentials stand there; null: nobody's, and TLS is not ended here. */
  findBound(place: Place): BoundPlace | null;
  /** Ends the TLS of the program: what is read and written from then on is what is in it. */
  endTls(host: string): Promise<void>;
  /** Begins TLS with what was reached, whose certificate has to be the host's. */
  beginTls(host: string): Promise<void>;
  /** Carries bytes both ways until the end, and says how it ended. */
  carry(fromClient: NextBytes, hear?: Hear): Promise<string>;
}

/** What becomes of what the upstream says before the program hears it. */
export type Hear = (fromUpstream: NextBytes) => NextBytes;
