import {
  createKnownSecrets,
  rememberCredentials,
  rememberSecrets,
  type KnownSecrets,
} from "../authority/known-secrets.ts";
import type { LeakScan } from "../ports/leak-scan.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { GateBase } from "./gate-base.ts";

/** The base of one revision: secrets that are resolved through it are known, and never logged by it. */
export function guardBase(base: GateBase): {
  readonly base: GateBase;
  readonly known: KnownSecrets;
} {
  const known = createKnownSecrets(base.telemetry);
  return {
    known,
    base: {
      ...base,
      secrets: rememberSecrets(base.secrets, known),
      broker: { ...base.broker, ...rememberCredentials(base.broker, known) },
      telemetry: guardLog(base.telemetry, known.scan),
    },
  };
}

/** A second look at texts that came from outside; what a connection says was cleaned before. */
function guardLog(telemetry: Telemetry, scan: LeakScan): Telemetry {
  return {
    ...telemetry,
    log(level, message, fields) {
      if (fields === undefined || scan.isEmpty) return telemetry.log(level, message, fields);
      const clean: Record<string, unknown> = {};
      for (const [name, value] of Object.entries(fields))
        clean[name] = typeof value === "string" ? scan.redact(value) : value;
      telemetry.log(level, message, clean);
    },
  };
}
