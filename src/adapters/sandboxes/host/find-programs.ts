import { locate } from "./find-program.ts";

/** Why a driver has no sandboxes on this machine, and one line that mends it. */
export interface Missing {
  readonly kind: "missing";
  readonly reason: string;
  readonly fix: string | null;
}

/** Some of the system's programs lie where only root is told to look. */
export const withSystemFolders = (path: string): string => `${path}:/usr/sbin:/sbin`;

/** What of the system a driver works with: each program by the Debian package that it comes in. */
export async function findPrograms<Name extends string>(
  path: string,
  packages: Readonly<Record<Name, string>>,
): Promise<Readonly<Record<Name, string>> | Missing> {
  const found: Partial<Record<Name, string>> = {};
  for (const name of Object.keys(packages) as Name[]) {
    const file = await locate(name, { path: withSystemFolders(path), directory: "/" });
    if (file === null)
      return {
        kind: "missing",
        reason: `\`${name}\` is not installed`,
        fix: `apt-get install ${packages[name]}`,
      };
    found[name] = file;
  }
  return found as Readonly<Record<Name, string>>;
}
