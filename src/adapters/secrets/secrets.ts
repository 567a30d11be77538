import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import path from "node:path";
import { Fault } from "../../model/index.ts";
import { SecretValue, type Secrets } from "../../ports/secrets.ts";
import { isBoundTo, type SecretMaterial } from "../../ports/vault.ts";

export interface SecretsOptions {
  /** What `env://NAME` reads. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Where relative `file://` paths start: the directory of countersign.yaml. */
  readonly directory: string;
  /** What `secret://name` reads. Absent for what is needed before the vault can be opened. */
  readonly readStored?: (name: string) => Promise<SecretMaterial | null>;
}

/** Keys, certificates and URLs are far smaller; a path to something else is cut off here. */
const maxSecretBytes = 65_536;

/** Resolves references to the environment, the file system and the vault, each time anew. */
export function createSecrets({ variables, directory, readStored }: SecretsOptions): Secrets {
  return {
    resolve: async (reference, destination) => {
      const [, scheme, name] = /^(env|file|secret):\/\/(.+)$/s.exec(reference) ?? [];
      switch (scheme) {
        case "env":
          return readVariable(
            reference,
            Object.hasOwn(variables, name!) ? variables[name!] : undefined,
          );
        case "file":
          return readSecretFile(reference, path.resolve(directory, name!));
        case "secret":
          if (readStored === undefined) {
            throw unresolved(
              reference,
              "it is needed before the vault can be opened. What works here: env://NAME and file:///path",
            );
          }
          return toStored(reference, await readStored(name!), destination);
        default:
          // Whatever stands here may be the secret itself, so it is not repeated.
          throw new Fault(
            "secret_unresolved",
            "A reference to a secret starts with secret://, env:// or file://.",
          );
      }
    },
  };
}

function toStored(
  reference: string,
  stored: SecretMaterial | null,
  destination: string | undefined,
): SecretValue {
  if (stored === null) {
    const name = reference.replace("secret://", "");
    throw unresolved(
      reference,
      `there is no such secret; \`countersign secrets set ${name}\` stores it`,
    );
  }
  const { hosts, value } = stored;
  if (hosts.length === 0) return value;
  if (destination === undefined) {
    throw unresolved(reference, "it is bound to hosts, and here it would not be sent to one");
  }
  if (!isBoundTo(hosts, destination)) {
    throw unresolved(reference, `it is bound to other hosts than ${destination}`);
  }
  return value;
}

function readVariable(reference: string, value: string | undefined): SecretValue {
  if (value === undefined) throw unresolved(reference, "the variable is not set");
  return toSecret(reference, value);
}

async function readSecretFile(reference: string, file: string): Promise<SecretValue> {
  let handle: FileHandle;
  try {
    // Without blocking: a pipe that nobody writes to would hold the start forever.
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw unresolved(reference, toWhy(cause));
  }
  try {
    const buffer = Buffer.alloc(maxSecretBytes + 1);
    if (!(await handle.stat()).isFile()) throw unresolved(reference, "it is not a regular file");
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    if (bytesRead > maxSecretBytes) throw unresolved(reference, "the file is larger than 64 KiB");
    return toSecret(reference, decode(reference, buffer.subarray(0, bytesRead)));
  } catch (cause) {
    throw cause instanceof Fault ? cause : unresolved(reference, toWhy(cause));
  } finally {
    await handle.close();
  }
}

function decode(reference: string, bytes: Uint8Array): string {
  try {
    // Editors and `echo` end a file with a line break that is no part of the secret.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replace(/\r?\n$/, "");
  } catch {
    throw unresolved(reference, "the file is not UTF-8 text");
  }
}

function toSecret(reference: string, value: string): SecretValue {
  if (value === "") throw unresolved(reference, "it is empty");
  return new SecretValue(value);
}

function toWhy(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === "ENOENT") return "the file is not there";
  if (code === "EACCES") return "this user may not read the file";
  return `the file cannot be read (${code ?? "unknown"})`;
}

function unresolved(reference: string, why: string): Fault {
  return new Fault("secret_unresolved", `${reference} does not resolve: ${why}.`, {
    details: { reference },
  });
}
