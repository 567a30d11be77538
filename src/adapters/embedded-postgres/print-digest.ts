import { toTreeDigest } from "./tree-digest.ts";

// For whoever renews binary-digests.ts: prints the digest of an unpacked package's native folder.
const root = process.argv[2];
if (root === undefined) throw new Error("usage: print-digest.ts DIRECTORY");
process.stdout.write(`${toTreeDigest(root)}\n`);
