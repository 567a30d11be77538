import { homedir } from "node:os";
import path from "node:path";
import { Fault } from "../model/fault.ts";

/** Everything the program reads from its environment, once, at the start. */
export interface Environment {
  /** Of the command line; takes the place of the key file. */
  readonly apiKey: string | null;
  readonly url: string | null;
  /** Where this user's keys are kept. */
  readonly configDirectory: string;
  /** Where programs of this user keep their files. */
  readonly places: {
    readonly home: string;
    readonly platform: string;
    readonly appData: string | null;
  };
  readonly wantsColor: boolean | null;
  /** What `env://NAME` reads. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** What programs that we start get of it: where programs and homes lie, and the language. */
  readonly forPrograms: Readonly<Record<string, string>>;
}

const forPrograms =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|TZ|LANG|LC_[A-Z]+|SYSTEMROOT|TEMP|TMP|USERPROFILE|APPDATA|LOCALAPPDATA|PATHEXT|COMSPEC)$/;

export function readEnvironment(): Environment {
  const { env } = process;
  return {
    apiKey: env["COUNTERSIGN_API_KEY"] || null,
    url: env["COUNTERSIGN_URL"] || null,
    get configDirectory() {
      return findConfigDirectory(env["XDG_CONFIG_HOME"]);
    },
    places: {
      home: findHome() ?? ".",
      platform: process.platform,
      appData: env["APPDATA"] ?? null,
    },
    wantsColor: env["NO_COLOR"] ? false : isOn(env["FORCE_COLOR"]) ? true : null,
    variables: env,
    forPrograms: Object.fromEntries(
      Object.entries(env).flatMap(([name, value]) =>
        value !== undefined && forPrograms.test(name) ? [[name, value]] : [],
      ),
    ),
  };
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && !["", "0", "false"].includes(value);
}

/** Keys must not end up where nobody expects them, so a home that is missing is an error. */
function findConfigDirectory(configured: string | undefined): string {
  // The specification has a relative path ignored.
  if (configured !== undefined && path.isAbsolute(configured)) {
    return path.join(configured, "countersign");
  }
  const home = findHome();
  if (home !== null) return path.join(home, ".config", "countersign");
  throw new Fault(
    "keys_unusable",
    "There is no home directory to keep keys in. Set HOME or XDG_CONFIG_HOME.",
  );
}

/** Null for a user without one, as containers have them. */
function findHome(): string | null {
  try {
    const home = homedir();
    return path.isAbsolute(home) ? home : null;
  } catch {
    return null;
  }
}
