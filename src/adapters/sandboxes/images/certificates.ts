import { chmod, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { makeReadable } from "./make-readable.ts";

const source = "usr/share/ca-certificates/mozilla";
const bundle = "etc/ssl/certs/ca-certificates.crt";

/** What the package's own script does when it is installed: all authorities in one file, where libraries look. */
export async function bundleCertificates(tree: string): Promise<void> {
  const names = (await readdir(path.join(tree, source))).toSorted();
  const texts = await Promise.all(
    names.map((name) => readFile(path.join(tree, source, name), "utf8")),
  );
  await makeReadable(path.join(tree, "etc/ssl/certs"));
  await makeReadable(path.join(tree, "usr/lib/ssl"));
  await writeFile(path.join(tree, bundle), texts.map((text) => `${text.trim()}\n`).join(""));
  await chmod(path.join(tree, bundle), 0o644);
  await symlink(`../../../${bundle}`, path.join(tree, "usr/lib/ssl/cert.pem"));
}
