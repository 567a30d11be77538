/** A file of somebody else's, and exactly which one. */
export interface Release {
  readonly version: string;
  readonly url: string;
  readonly sha256: string;
  /** What is read of it at most. */
  readonly mostBytes: number;
  /** The program in it, and its own digest. */
  readonly member: string;
  readonly programSha256: string;
}

/**
 * The release that is installed, by digest: one with another is refused. Both digests were collected from
 * other repositories that name this release, and never compared with what the project publishes beside it
 * (`.sha256.txt`). For a newer one, both come from its page.
 */
export const firecrackerRelease: Release = {
  version: "1.17.0",
  url: "https://github.com/firecracker-microvm/firecracker/releases/download/v1.17.0/firecracker-v1.17.0-x86_64.tgz",
  sha256: "06094a1108ae9e82aa4c23a775aa92758f53f1175d422270d9d6162cb9ade558",
  mostBytes: 64 * 1024 * 1024,
  member: "release-v1.17.0-x86_64/firecracker-v1.17.0-x86_64",
  programSha256: "99ad0f5cd0514a88aad0e9ae8cfdb3cc3b4ab9d190e1194602406c786b5de7a5",
};
