import { z } from "zod";
import { Fault } from "../../../model/index.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** One package of Debian's, as its signed index names it: exactly these bytes. */
export const lockedPackageSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/),
  version: z.string().regex(/^[A-Za-z0-9.+:~-]+$/),
  architecture: z.string().regex(/^[a-z0-9-]+$/),
  sha256,
  bytes: z.int().positive(),
});
export type LockedPackage = z.infer<typeof lockedPackageSchema>;

/** Of an image: what it was made of, in the order in which it was unpacked. */
export const lockSchema = z.array(lockedPackageSchema).max(1_000);

export interface Stanza {
  readonly locked: LockedPackage;
  /** As it is written, alternatives and versions included. */
  readonly depends: string;
}

/** What `apt-cache show` prints: one stanza a package, of which a line that begins with a space goes on. */
export function parseStanzas(text: string): readonly Stanza[] {
  return text
    .split(/\n\n+/)
    .filter((stanza) => stanza.trim() !== "")
    .map((stanza) => {
      const of = (field: string) => new RegExp(`^${field}: (.*)$`, "m").exec(stanza)?.[1] ?? "";
      const parsed = lockedPackageSchema.safeParse({
        name: of("Package"),
        version: of("Version"),
        architecture: of("Architecture"),
        sha256: of("SHA256"),
        bytes: Number(of("Size")),
      });
      if (!parsed.success)
        throw new Fault("setup_failed", `The index says of ${of("Package")} what cannot be read.`);
      return { locked: parsed.data, depends: of("Depends") };
    });
}
