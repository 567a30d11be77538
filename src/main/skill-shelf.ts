import { Fault, toDigest, type Digest, type TenantId } from "../model/index.ts";
import type { Config } from "../model/config.ts";
import { fromTreeBytes, skillLimits, toTreeBytes, type SkillTree } from "../model/skill.ts";
import type { Blobs } from "../ports/store.ts";
import type { ReadSkill } from "./read-skills.ts";

/** Skills that were read, until a revision that names them starts and keeps them. */
export interface SkillShelf {
  add(skills: readonly ReadSkill[]): void;
  get(digest: Digest): ReadSkill | null;
  drop(digest: Digest): void;
}

/** Two documents may be read at once: the one that is planned, and the one that is applied. */
const mostBytes = 2 * skillLimits.bytesOfAll;

export function createSkillShelf(): SkillShelf {
  const shelf = new Map<Digest, ReadSkill>();
  return {
    add(skills) {
      for (const skill of skills) {
        shelf.delete(skill.head.digest);
        shelf.set(skill.head.digest, skill);
      }
      let bytes = [...shelf.values()].reduce((sum, skill) => sum + toSize(skill.tree), 0);
      for (const [digest, { tree }] of shelf) {
        if (bytes <= mostBytes) break;
        shelf.delete(digest);
        bytes -= toSize(tree);
      }
    },
    get: (digest) => shelf.get(digest) ?? null,
    drop: (digest) => void shelf.delete(digest),
  };
}

function toSize(tree: SkillTree): number {
  return tree.reduce((sum, { size }) => sum + size, 0);
}

export interface KeepingSkills {
  readonly shelf: SkillShelf;
  readonly blobs: Blobs;
  readonly tenant: TenantId;
}

/**
 * The files of every skill that a configuration names, kept before anything is built of it. What is in the
 * store already was kept whole: the list of a skill's files goes in last.
 */
export async function keepSkills(
  { agents }: Pick<Config, "agents">,
  { shelf, blobs, tenant }: KeepingSkills,
): Promise<ReadonlyMap<Digest, SkillTree>> {
  const trees = new Map<Digest, SkillTree>();
  for (const { name, digest } of Object.values(agents).flatMap(
    (agent) => agent.loadedSkills ?? [],
  )) {
    if (trees.has(digest)) continue;
    const kept = await blobs.get(tenant, digest);
    if (kept !== null && toDigest(kept) === digest) {
      trees.set(digest, fromTreeBytes(kept));
      shelf.drop(digest);
      continue;
    }
    const read = shelf.get(digest);
    if (read === null)
      throw new Fault("config_invalid", `The files of the skill ${name} are not in the store.`, {
        details: { skill: name, digest },
      });
    for (const [id, bytes] of read.contents) await blobs.put(tenant, id, bytes);
    await blobs.put(tenant, digest, toTreeBytes(read.tree));
    trees.set(digest, read.tree);
    shelf.drop(digest);
  }
  return trees;
}
