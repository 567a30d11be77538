import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { toFindApproval } from "../../src/adapters/postgres/find-approval.ts";
import { migratePostgres } from "../../src/adapters/postgres/migrate.ts";
import { usePostgres } from "../postgres.ts";

const postgres = usePostgres();
/** As many as wait when nobody decides for a long time. */
const waiting = 20_000;

async function openCrowd(): Promise<pg.Client> {
  const url = await postgres.freshDatabase();
  await migratePostgres({ url });
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  onTestFinished(() => client.end());
  await client.query(
    `insert into countersign.approvals
       (tenant, id, intent, state, request, created_at, expires_at, key, server, subject)
     select 'default', ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, '\\x00',
       case when n % 3 = 0 then 'denied' else 'pending' end, convert_to(repeat('x', 600), 'utf8'),
       1, 1e12, sha256(n::text::bytea), 'mail', 'user ' || n % 400
     from generate_series(1, ${waiting}) n`,
  );
  return client;
}

interface Plan {
  readonly "Shared Hit Blocks": number;
  readonly "Shared Read Blocks": number;
}

/** Pages that a statement touches, planned for any values or for these. */
async function countPages(client: pg.Client, { text, values }: Asked): Promise<readonly number[]> {
  await client.query(`prepare asked as ${text}`);
  const pages: number[] = [];
  for (const mode of ["force_generic_plan", "force_custom_plan"]) {
    await client.query(`set plan_cache_mode = ${mode}`);
    const { rows } = await client.query<{ "QUERY PLAN": [{ Plan: Plan }] }>(
      `explain (analyze, buffers, format json) execute asked(${values})`,
    );
    const { Plan: plan } = rows[0]!["QUERY PLAN"][0];
    pages.push(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]);
  }
  await client.query("deallocate asked");
  return pages;
}

interface Asked {
  readonly text: string;
  readonly values: string;
}

test(`with ${waiting} approvals there, one is found by its key from a few pages`, async () => {
  const client = await openCrowd();
  const text = toFindApproval("id, state, tenant, key, expires_at");
  const toValues = (n: number): string => `'default', sha256('${n}'), 5`;
  for (const isAnalyzed of [false, true]) {
    if (isAnalyzed) await client.query("analyze countersign.approvals");
    for (const n of [7, 9, waiting + 1]) {
      for (const pages of await countPages(client, { text, values: toValues(n) }))
        expect(pages).toBeLessThan(20);
    }
  }
  const find = async (n: number) => {
    const { rows } = await client.query<{ state: string }>(`execute found(${toValues(n)})`);
    return rows.map(({ state }) => state);
  };
  await client.query(`prepare found as ${text}`);
  expect([await find(7), await find(9), await find(waiting + 1)]).toEqual([
    ["pending"],
    ["denied"],
    [],
  ]);
});
