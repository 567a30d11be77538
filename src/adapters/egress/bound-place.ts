import { Fault } from "../../model/index.ts";
import type { BoundCredential } from "../../ports/egress.ts";
import { parsePlace, type Place } from "./place.ts";
import type { Field } from "./request-head.ts";

/** The credentials of one place. */
export interface BoundPlace {
  /** Puts the secrets where their placeholders are. Of names and lengths nothing changes. */
  swap(fields: readonly Field[]): Swapped;
}

export interface Swapped {
  readonly fields: readonly Field[];
  /** Of the credentials that are in it now. */
  readonly names: readonly string[];
  /** What may not come back, asked for or not: all values, and what was made of them. */
  readonly unsayable: readonly string[];
}

export const toKey = ({ host, port }: Place): string => `${host}:${port}`;

/** By their keys. Throws where a secret cannot be sent in a header. */
export function compileBoundPlaces(
  credentials: readonly BoundCredential[],
): ReadonlyMap<string, BoundPlace> {
  // As the place of a connection is spelled, however a rule writes it.
  const byPlace = Map.groupBy(credentials, ({ place }) => toKey(parsePlace(place, null)));
  return new Map(
    [...byPlace].map(([place, all]) => {
      const secrets = all.map(toReady);
      return [place, { swap: (fields) => swap(fields, secrets) }] as const;
    }),
  );
}

interface Ready {
  readonly name: string;
  readonly placeholder: string;
  readonly value: string;
}

function toReady({ name, placeholder, secret }: BoundCredential): Ready {
  const value = secret.reveal().trim();
  // Anything else would end the header, or be read as something else by the other side.
  if (!/^[\x20-\x7e]+$/.test(value))
    throw new Fault(
      "sandbox_failed",
      `The secret of ${name} is not printable ASCII, so it cannot be sent in a header.`,
    );
  return { name, placeholder, value };
}

function swap(fields: readonly Field[], secrets: readonly Ready[]): Swapped {
  const used = new Set<Ready>();
  const unsayable = new Set(secrets.map(({ value }) => value));
  const put = (text: string): string =>
    secrets.reduce((rest, ready) => {
      if (!rest.includes(ready.placeholder)) return rest;
      used.add(ready);
      return rest.replaceAll(ready.placeholder, () => ready.value);
    }, text);
  const swapped = fields.map(({ name, value }) => {
    const [, scheme = "", encoded = ""] = basic.exec(value) ?? [];
    const said = Buffer.from(encoded, "base64").toString("latin1");
    const inside = put(said);
    if (inside === said) return { name, value: put(value) };
    const again = Buffer.from(inside, "latin1").toString("base64");
    unsayable.add(again);
    return { name, value: `${scheme} ${again}` };
  });
  const names = [...used].map(({ name }) => name);
  return { fields: swapped, names, unsayable: [...unsayable] };
}

/** A user and a password, of which either may be a placeholder. */
const basic = /^(Basic) +([A-Za-z0-9+/]+={0,2})[ \t]*$/i;
