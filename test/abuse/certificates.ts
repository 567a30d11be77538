import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";

export interface Issued {
  readonly certificate: string;
  readonly key: string;
}

/** An authority of this test alone, made by openssl. */
export interface Authority {
  readonly certificate: string;
  /** For a server of this name, or a client. */
  issue(name: string): Issued;
}

export function createAuthority(name: string): Authority {
  const directory = mkdtempSync(path.join(tmpdir(), "cs-ca-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = (part: string): string => path.join(directory, part);
  const openssl = (...args: readonly string[]): void =>
    void execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const certificate = file("ca.pem");
  openssl(
    "req",
    "-x509",
    ...curve,
    "-keyout",
    file("ca.key"),
    "-out",
    certificate,
    "-days",
    "2",
    "-subj",
    `/CN=${name}`,
  );
  let count = 0;
  return {
    certificate,
    issue(subject) {
      count += 1;
      const [key, request, made, extensions] = ["key", "csr", "pem", "ext"].map((kind) =>
        file(`${count}.${kind}`),
      ) as [string, string, string, string];
      openssl("req", ...curve, "-keyout", key, "-out", request, "-subj", `/CN=${subject}`);
      writeFileSync(extensions, `subjectAltName=DNS:${subject}\n`);
      const by = ["-CA", certificate, "-CAkey", file("ca.key"), "-CAcreateserial"];
      openssl(
        "x509",
        "-req",
        "-in",
        request,
        ...by,
        "-out",
        made,
        "-days",
        "2",
        "-extfile",
        extensions,
      );
      return { certificate: made, key };
    },
  };
}
