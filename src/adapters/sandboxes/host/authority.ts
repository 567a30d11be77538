import { readFile } from "node:fs/promises";
import { rootCertificates } from "node:tls";

/*
 * What every driver makes of `SandboxSpec.authority`: two files that are nowhere on the host, and the
 * variables that say where they are. A driver with the host's own programs finds both in its plan
 * (`plan.ts`); one with an image or a machine of its own places the files itself, at these paths.
 */

/** The authority alone, for what adds it to its own. */
const alonePath = "/run/sandbox/authority.pem";
/** Together with the system's, for what takes one file and nothing else. */
const bundlePath = "/run/sandbox/authorities.pem";

/** Where systems keep the authorities that they trust, in one file. */
const systemBundles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/cert.pem",
];

/** By their paths in the sandbox. */
export async function toAuthorityFiles(
  authority: string | null,
): Promise<Readonly<Record<string, string>>> {
  if (authority === null) return {};
  return { [alonePath]: authority, [bundlePath]: `${await readSystemBundle()}\n${authority}` };
}

/** For the libraries that check certificates, in the names that they look for. */
export function toAuthorityVariables(authority: string | null): Readonly<Record<string, string>> {
  if (authority === null) return {};
  return {
    SSL_CERT_FILE: bundlePath,
    REQUESTS_CA_BUNDLE: bundlePath,
    CURL_CA_BUNDLE: bundlePath,
    GIT_SSL_CAINFO: bundlePath,
    PIP_CERT: bundlePath,
    NODE_EXTRA_CA_CERTS: alonePath,
  };
}

/** Of a system that has none in one file, those that Node brings along. */
async function readSystemBundle(): Promise<string> {
  for (const file of systemBundles) {
    const text = await readFile(file, "utf8").catch(() => "");
    if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  }
  return rootCertificates.join("\n");
}
