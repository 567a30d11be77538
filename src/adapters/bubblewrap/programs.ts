import { locate } from "./find-program.ts";

/** What of the system a sandbox is made with. */
export interface Programs {
  readonly bwrap: string;
  readonly sh: string;
  readonly env: string;
  readonly mkfifo: string;
  readonly prlimit: string;
  readonly setpriv: string;
}

export interface Missing {
  readonly kind: "missing";
  readonly reason: string;
  readonly fix: string | null;
}

const packages: Readonly<Record<keyof Programs, string>> = {
  bwrap: "bubblewrap",
  sh: "dash",
  env: "coreutils",
  mkfifo: "coreutils",
  prlimit: "util-linux",
  setpriv: "util-linux",
};

export async function findPrograms(path: string): Promise<Programs | Missing> {
  const found: Record<string, string> = {};
  for (const [name, owner] of Object.entries(packages)) {
    const file = await locate(name, { path, directory: "/" });
    if (file === null)
      return {
        kind: "missing",
        reason: `\`${name}\` is not installed`,
        fix: `apt-get install ${owner}`,
      };
    found[name] = file;
  }
  const { bwrap = "", sh = "", env = "", mkfifo = "", prlimit = "", setpriv = "" } = found;
  return { bwrap, sh, env, mkfifo, prlimit, setpriv };
}
