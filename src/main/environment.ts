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
  /** Where `sandbox setup` puts what drivers of sandboxes need. */
  readonly sandboxesDirectory: string;
  /** `http_proxy` and its like, for what is fetched. */
  readonly proxies: Readonly<Record<string, string>>;
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
    get sandboxesDirectory() {
      return findSandboxesDirectory(env["COUNTERSIGN_SANDBOXES"], env["XDG_DATA_HOME"]);
    },
    proxies: select(env, /^(?:https?|no|all)_proxy$/i),
    places: {
      home: findHome() ?? ".",
      platform: process.platform,
      appData: env["APPDATA"] ?? null,
    },
    wantsColor: env["NO_COLOR"] ? false : isOn(env["FORCE_COLOR"]) ? true : null,
    variables: env,
    forPrograms: select(env, forPrograms),
  };
}

const select = (env: NodeJS.ProcessEnv, names: RegExp): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value !== undefined && names.test(name) ? [[name, value]] : [],
    ),
  );

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

/** As root the users of sandboxes have to reach it, and they do not get into root's home. */
function findSandboxesDirectory(configured: string | undefined, dataHome?: string): string {
  if (configured !== undefined && configured !== "") {
    if (path.isAbsolute(configured)) return path.normalize(configured);
    throw new Fault("usage_invalid", "COUNTERSIGN_SANDBOXES has to be an absolute path.");
  }
  if (process.getuid?.() === 0) return "/var/lib/countersign/sandboxes";
  const base =
    dataHome !== undefined && path.isAbsolute(dataHome)
      ? dataHome
      : path.join(findHome() ?? "/", ".local", "share");
  return path.join(base, "countersign", "sandboxes");
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
