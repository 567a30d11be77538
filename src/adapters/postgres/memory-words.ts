import type pg from "pg";
import { memoryLimits, type MemoryPlace } from "../../ports/memory.ts";
import type { MemoryLanguage } from "../../model/memory-language.ts";

export interface WordSearch extends MemoryPlace {
  readonly words: readonly string[];
  readonly language: MemoryLanguage;
}

export interface ByWords {
  /** The best first. */
  readonly keys: readonly string[];
  /** Words that the scope has, as they are or by their stem, and those that say nothing in this language. */
  readonly known: readonly string[];
}

/** One that stands in more memories tells them apart by too little to be worth reading them. */
const mostRows = 1_000;

/**
 * The rarer a word is in the scope the more it counts, and the more so in a short memory (as BM25 does,
 * over what Postgres knows of one word in one memory), and all of them together count as a word more. One
 * that is all over the scope brings nothing, unless all that is asked for is.
 */
const statement = {
  name: "find_memories_by_words",
  text: `with asked as (
      select w.word, l.lexeme
      from unnest($3::text[]) as w(word) cross join lateral (
        select lexeme from unnest(to_tsvector('simple', w.word))
        union select lexeme from unnest(to_tsvector($4::text::regconfig, w.word))
      ) l
      where length(to_tsvector($4::text::regconfig, w.word)) > 0
    ), queries as (
      select lexeme, quote_literal(lexeme)::tsquery as query from asked group by lexeme
      union all
      select null, string_agg(quote_literal(word), ' & ')::tsquery
      from (select distinct word from asked) w having count(*) > 1
    ), found as (
      select q.lexeme, h.key, h.weight, h.length, count(*) over (partition by q.lexeme) as rows
      from queries q cross join lateral (
        select m.key, ts_rank(m.words, q.query) / 0.0607927 as weight, length(m.words) as length
        from countersign.memories m
        where m.tenant = $1 and m.scope = $2 and m.words @@ q.query
        limit $5
      ) h
    ), scored as (
      select key,
        sum(ln(1 + (s.rows - f.rows + 0.5) / (f.rows + 0.5)) * f.weight
          / (0.5 + 0.5 * f.length / (select avg(length) from found))) as score
      from found f, countersign.memory_scopes s
      where s.tenant = $1 and s.scope = $2
        and (f.rows < $5 or not exists (select from found where rows < $5))
      group by key
    )
    select (select array_agg(key order by score desc, key)
        from (select key, score from scored order by score desc, key limit $6) best) as keys,
      array(select w from unnest($3::text[]) as w where w not in (select word from asked)
        union select word from asked join found using (lexeme)) as known`,
};

export async function findByWords(
  pool: pg.Pool,
  { tenant, scope, words, language }: WordSearch,
): Promise<ByWords> {
  if (words.length === 0) return { keys: [], known: [] };
  const { rows } = await pool.query<{ keys: string[] | null; known: string[] }>({
    ...statement,
    values: [tenant, scope, words, language, mostRows, memoryLimits.candidates],
  });
  const { keys, known } = rows[0]!;
  return { keys: keys ?? [], known };
}
