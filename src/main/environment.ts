import { homedir } from "node:os";
import path from "node:path";

/** Everything the program reads from its environment, once, at the start. */
export interface Environment {
  /** Of the command line; takes the place of the key file. */
  readonly apiKey: string | null;
  readonly url: string | null;
  /** Where this user's keys are kept. */
  readonly configDirectory: string;
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
  const base = env["XDG_CONFIG_HOME"];
  return {
    apiKey: env["COUNTERSIGN_API_KEY"] || null,
    url: env["COUNTERSIGN_URL"] || null,
    // The specification has a relative path ignored.
    configDirectory: path.join(
      base !== undefined && path.isAbsolute(base) ? base : path.join(homedir(), ".config"),
      "countersign",
    ),
    wantsColor: env["NO_COLOR"] ? false : env["FORCE_COLOR"] ? true : null,
    variables: env,
    forPrograms: Object.fromEntries(
      Object.entries(env).flatMap(([name, value]) =>
        value !== undefined && forPrograms.test(name) ? [[name, value]] : [],
      ),
    ),
  };
}
