import type pg from "pg";
import { memoryLimits, type MemoryPlace } from "../../ports/memory.ts";
import type { MemoryExtensions } from "./memory-extensions.ts";

export interface SpellingSearch extends MemoryPlace {
  /** That no memory of the scope has as they are. */
  readonly words: readonly string[];
}

/** Of those of one query, the longest: each is held against every row that shares some of its groups. */
const mostWords = 2;
/** Of one word; what is like more of them tells nothing apart. */
const mostRows = 200;
/** Shorter ones are like too many others. */
const shortestWord = 5;
/** Share of a word's groups of three letters: one letter wrong in six still has it. */
const leastLikeness = 0.4;

/** Rows with a word, or a part of one, that is spelled nearly like one that is asked for. */
export async function findBySpelling(
  { pool, extensions }: { readonly pool: pg.Pool; readonly extensions: MemoryExtensions },
  { tenant, scope, words }: SpellingSearch,
): Promise<readonly string[]> {
  const { trigrams } = extensions;
  const asked = words
    .filter((word) => word.length >= shortestWord)
    .toSorted((one, other) => other.length - one.length)
    .slice(0, mostWords);
  if (trigrams === null || asked.length === 0) return [];
  const client = await pool.connect();
  try {
    // The index knows no other way of being told. It stays with the connection, which others share and
    // nobody else asks for this.
    await client.query(`set pg_trgm.word_similarity_threshold = ${leastLikeness}`);
    const { rows } = await client.query<{ key: string }>({
      text: `select h.key
        from unnest($3::text[]) as w(word) cross join lateral (
          select m.key, ${trigrams}.word_similarity(w.word, m.text) as likeness
          from countersign.memories m
          where m.tenant = $1 and m.scope = $2 and w.word operator(${trigrams}.<%) m.text
          limit ${mostRows}
        ) h
        group by h.key order by sum(h.likeness) desc, h.key limit $4`,
      values: [tenant, scope, asked, memoryLimits.candidates],
    });
    return rows.map(({ key }) => key);
  } finally {
    client.release();
  }
}
