import type pg from "pg";
import type { ExpressionBuilder, SqlBool, Expression } from "kysely";
import { createKeyedSerial } from "../../lib/keyed-serial.ts";
import { Fault, type TenantId } from "../../model/index.ts";
import { requireSecretKey, requireStorableSecret } from "../../ports/storable.ts";
import { storeLimits } from "../../ports/store-limits.ts";
import type { ChangeSecret, SecretRow, SecretRows } from "../../ports/secret-rows.ts";
import type { SecretFacts, SecretKey } from "../../ports/vault.ts";
import { openPool } from "./connection.ts";
import { asked, type Database, type Tables } from "./database.ts";
import { inTransaction, type Step, type TransactionOptions } from "./transaction.ts";

/**
 * A change may talk to an authorization server while it holds its row, so it has connections of its
 * own: what it reads of the store meanwhile cannot wait for those that wait for it.
 */
const lockingConnections = storeLimits.slowChanges;
/** For changes that wait for nobody outside: `secrets set` and consents go on whatever refreshes do. */
const briefConnections = 2;
/** Longer than a change may take: whoever waits sees its end. */
const lockWaitMs = 35_000;
const statementTimeoutMs = 40_000;

export function openLockingPool(url: string): pg.Pool {
  return openPool({ url, name: "secrets", statementTimeoutMs }, lockingConnections);
}

export function openBriefPool(url: string): pg.Pool {
  return openPool({ url, name: "secrets", statementTimeoutMs }, briefConnections);
}

export interface SecretRowsOptions extends TransactionOptions {
  readonly database: Database;
  /** Beside `pool`, whose changes may be slow. */
  readonly briefPool: pg.Pool;
}

type Row = Tables["secrets"];
const nothing = new Uint8Array();

const factColumns = ["tenant", "name", "subject", "version", "hosts", "written_at"] as const;

export function createPostgresSecretRows(options: SecretRowsOptions): SecretRows {
  const { tables } = options.database;
  // One connection a secret and replica: the others of this process wait without one.
  const serial = createKeyedSerial(
    storeLimits.waitingPerSecret,
    () => new Fault("store_busy", "Too many changes of this secret wait already."),
  );
  return {
    async get(key) {
      requireSecretKey(key);
      const row = await asked(
        tables.selectFrom("secrets").selectAll().where(isKey(key)).executeTakeFirst(),
      );
      return row === undefined ? null : toSecretRow(row);
    },
    list: (tenant, page) => list(options.database, tenant, page),
    async remove(key) {
      requireSecretKey(key);
      return asked(removeRow(options.database.pool, key));
    },
    async change(key, change, pace) {
      requireSecretKey(key);
      const pool = pace === "brief" ? options.briefPool : options.pool;
      await serial(toLockName(key), () => changeRow({ ...options, pool }, key, change));
    },
    listWrappedByOthers: (keyId, page) => listWrappedByOthers(options.database, keyId, page),
    async rewrap(row, { wrapped, keyId }) {
      requireStorableSecret({ ...row, sealed: nothing, wrapped, keyId });
      const result = await asked(
        tables
          .updateTable("secrets")
          .set({ wrapped: Buffer.from(wrapped), key_id: keyId })
          .where(isKey(row))
          .where("version", "=", row.version)
          .where("key_id", "=", row.keyId)
          .executeTakeFirst(),
      );
      return result.numUpdatedRows === 1n;
    },
  };
}

async function list(
  { tables }: Database,
  ...[tenant, { after, limit }]: Parameters<SecretRows["list"]>
): Promise<readonly SecretFacts[]> {
  const rows = await asked(
    tables
      .selectFrom("secrets")
      .select(factColumns)
      .where("tenant", "=", tenant)
      .$if(after !== null, (query) => query.where(isAfter(after!)))
      .orderBy("name")
      .orderBy("subject", (order) => order.asc().nullsFirst())
      .limit(Math.min(limit, storeLimits.rowsPerPage))
      .execute(),
  );
  return rows.map(toFacts);
}

async function listWrappedByOthers(
  { tables }: Database,
  ...[keyId, { after, limit }]: Parameters<SecretRows["listWrappedByOthers"]>
): ReturnType<SecretRows["listWrappedByOthers"]> {
  const rows = await asked(
    tables
      .selectFrom("secrets")
      .select([...factColumns, "wrapped", "key_id"])
      .where("key_id", "!=", keyId)
      .$if(after !== null, (query) =>
        query.where((build) =>
          build.or([
            build("tenant", ">", after!.tenant),
            build.and([build("tenant", "=", after!.tenant), isAfter(after!)(build)]),
          ]),
        ),
      )
      .orderBy("tenant")
      .orderBy("name")
      .orderBy("subject", (order) => order.asc().nullsFirst())
      .limit(Math.min(limit, storeLimits.rowsPerPage))
      .execute(),
  );
  return rows.map((row) => ({ ...toFacts(row), wrapped: row.wrapped, keyId: row.key_id }));
}

type Where = (build: ExpressionBuilder<Tables, "secrets">) => Expression<SqlBool>;

const isKey =
  ({ tenant, name, subject }: SecretKey): Where =>
  (build) =>
    build.and([
      build("tenant", "=", tenant),
      build("name", "=", name),
      subject === null ? build("subject", "is", null) : build("subject", "=", subject),
    ]);

const isAfter =
  ({ name, subject }: Pick<SecretKey, "name" | "subject">): Where =>
  (build) =>
    build.or([
      build("name", ">", name),
      build.and([
        build("name", "=", name),
        subject === null ? build("subject", "is not", null) : build("subject", ">", subject),
      ]),
    ]);

interface Shown {
  readonly current: SecretRow | null;
  readonly lastVersion: number;
}

/** What `change` said to the row that it was shown, for when the connection is lost after it. */
interface Answer {
  readonly to: Shown;
  readonly next: SecretRow | "remove" | null;
}

/**
 * `change` may have spent what cannot be spent twice, a refresh token for one: after a lost
 * connection its answer is written again, and it is asked again only about a row it has not seen.
 */
async function changeRow(
  options: TransactionOptions,
  key: SecretKey,
  change: ChangeSecret,
): Promise<void> {
  let answer: Answer | null = null;
  const thrown = await inTransaction<{ readonly error: unknown } | null>(
    options,
    async (client) => {
      const shown = await lockRow(client, key);
      const { current, lastVersion } = shown;
      if (answer !== null && isSame(current, toRow(answer))) return keep;
      if (answer === null || !isShown(answer.to, shown)) {
        try {
          answer = { to: shown, next: await change(current, lastVersion) };
        } catch (error) {
          // Its own failure is no trouble of the connection, whatever its code looks like.
          return { outcome: { error }, rollback: true };
        }
      }
      await writeRow(client, key, { current, next: answer.next });
      return { outcome: null };
    },
  );
  if (thrown !== null) throw thrown.error;
}

const keep: Step<null> = { outcome: null, rollback: true };

/** What there is once it is written. */
function toRow({ next, to }: Answer): SecretRow | null {
  if (next === null) return to.current;
  return next === "remove" ? null : next;
}

/** No two sealings of ours are alike: each has a nonce of its own. */
function isSame(a: SecretRow | null, b: SecretRow | null): boolean {
  if (a === null || b === null) return a === b;
  return a.version === b.version && Buffer.compare(a.sealed, b.sealed) === 0;
}

function isShown(a: Shown, b: Shown): boolean {
  return isSame(a.current, b.current) && a.lastVersion === b.lastVersion;
}

/** A row that is not there cannot be locked, its name can. */
async function lockRow(client: pg.PoolClient, key: SecretKey): Promise<Shown> {
  await client.query(`set local lock_timeout = ${lockWaitMs}`);
  await client.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [toLockName(key)]);
  const { rows } = await client.query<Row>(
    `select * from countersign.secrets where ${whereKey(key.subject)} for update`,
    [key.tenant, key.name, key.subject],
  );
  const current = rows[0] === undefined ? null : toSecretRow(rows[0]);
  if (current !== null) return { current, lastVersion: current.version };
  const floors = await client.query<{ version: number }>(
    "select version from countersign.secret_floors where tenant = $1",
    [key.tenant],
  );
  return { current, lastVersion: floors.rows[0]?.version ?? 0 };
}

async function removeRow(
  client: pg.PoolClient | pg.Pool,
  { tenant, name, subject }: SecretKey,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `with gone as (
       delete from countersign.secrets where ${whereKey(subject)} returning tenant, version
     )
     insert into countersign.secret_floors as floor (tenant, version)
     select tenant, version from gone
     on conflict (tenant) do update set version = greatest(floor.version, excluded.version)`,
    [tenant, name, subject],
  );
  return rowCount === 1;
}

/** An index finds `= $3` and `is null`, not `is not distinct from`. */
function whereKey(subject: string | null): string {
  const isSubject = subject === null ? "subject is null and $3::text is null" : "subject = $3";
  return `tenant = $1 and name = $2 and ${isSubject}`;
}

const toLockName = ({ tenant, name, subject }: SecretKey): string =>
  JSON.stringify(["countersign.secrets", tenant, name, subject]);

async function writeRow(
  client: pg.PoolClient,
  key: SecretKey,
  { current, next }: { readonly current: SecretRow | null; readonly next: Answer["next"] },
): Promise<void> {
  if (next === null) return;
  if (next === "remove") {
    await removeRow(client, key);
    return;
  }
  requireStorableSecret(next);
  const changed = [
    next.version,
    [...next.hosts],
    Buffer.from(next.sealed),
    Buffer.from(next.wrapped),
    next.keyId,
    next.writtenAtMs,
  ];
  await client.query(
    current === null
      ? `insert into countersign.secrets
           (tenant, name, subject, version, hosts, sealed, wrapped, key_id, written_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
      : `update countersign.secrets
         set version = $4, hosts = $5, sealed = $6, wrapped = $7, key_id = $8, written_at = $9
         where ${whereKey(key.subject)}`,
    [key.tenant, key.name, key.subject, ...changed],
  );
}

function toFacts(row: Pick<Row, (typeof factColumns)[number]>): SecretFacts {
  return {
    tenant: row.tenant as TenantId,
    name: row.name,
    subject: row.subject,
    version: row.version,
    hosts: row.hosts,
    writtenAtMs: row.written_at,
  };
}

function toSecretRow(row: Row): SecretRow {
  return { ...toFacts(row), sealed: row.sealed, wrapped: row.wrapped, keyId: row.key_id };
}
