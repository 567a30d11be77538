/**
 * The two statements that pg-boss 12.35 does not offer in a shape that keeps our promises.
 *
 * - Its `send` ends in ON CONFLICT DO NOTHING. Inside our transaction that loses wakes: the queued
 *   job that it relies on can be taken, and the log read, before our event commits. Here the
 *   conflict locks the queued job until then, so that no worker takes it without seeing the event.
 * - Its `fetch` on a `stately` queue skips the keys that its last statistics pass saw active, for
 *   up to a minute after they ended, and comes back empty when any one key in the batch is active.
 *   Here a job is left out exactly while another of its run is active. Tenants take turns as well.
 *
 * Everything else (heartbeats, retries, dead letters, retention, migrations) is pg-boss's own.
 * The column names are those of the exact version that package.json pins.
 */

export const schema = "wake";
export const wakeQueue = "wake";
export const parkedQueue = "parked";
export const channel = "countersign_wake";

const jobs = `${schema}.job_common`;

/** What the two statements need beside pg-boss's own indexes. */
export const indexes = `
  create index if not exists wake_turns on ${jobs} (name, group_id, priority desc, created_on)
    where state < 'active';
  create index if not exists wake_active on ${jobs} (singleton_key) where state = 'active';
  create index if not exists wake_parked on ${jobs} (singleton_key)
    where name = '${parkedQueue}';
`;

/**
 * As tables of a statement that has a table of runs, tenants and priorities. Each run once, with the
 * highest of its priorities, and in order: two batches lock the same rows in the same order. A condition
 * on DO UPDATE locks the row even where it is false.
 */
export const toEnlisted = (source: string): string => `
  asked as (
    select run, min(tenant) as tenant, max(priority) as priority from ${source} group by run
  ), queued as (
    insert into ${jobs} as queued (
      name, priority, start_after, created_on, singleton_key, group_id, expire_seconds,
      deletion_seconds, keep_until, retry_limit, retry_delay, retry_backoff, retry_delay_max,
      policy, dead_letter, heartbeat_seconds
    )
    select
      q.name, asked.priority, ${schema}.job_now(), ${schema}.job_now(), asked.run, asked.tenant,
      q.expire_seconds, q.deletion_seconds,
      ${schema}.job_now() + q.retention_seconds * interval '1s', q.retry_limit, q.retry_delay,
      q.retry_backoff, q.retry_delay_max, q.policy, q.dead_letter, q.heartbeat_seconds
    from asked join ${schema}.queue q on q.name = '${wakeQueue}'
    order by asked.run
    on conflict (name, state, coalesce(singleton_key, ''))
      where state <= 'active' and policy = 'stately'
    do update set priority = excluded.priority where queued.priority < excluded.priority
    returning 1
  ), enlisted as (
    select pg_notify('${channel}', '') from (select count(*) as queued from queued) as done
    where exists (select from asked)
  )
`;

/** $1 runs, $2 their tenants, $3 their priorities. */
export const enqueueText = `
  with given as (
    select run, tenant, priority from unnest($1::text[], $2::text[], $3::int[])
      as given (run, tenant, priority)
  ), ${toEnlisted("given")}
  select count(*) from enlisted
`;

/** Tenants looked at in one claim; the next one goes on behind them. */
const tenantsPerClaim = 64;

const waiting = `name = '${wakeQueue}' and state < 'active'`;

/** The next tenant with something queued, found by one probe of the index however long its queue. */
const nextTenant = (condition: string, wrapped: string) => `
  (select j.group_id as tenant, ${wrapped} as wrapped from ${jobs} j
   where ${waiting} and ${condition} order by j.group_id limit 1)`;

/**
 * The table is empty most of the time, and Postgres plans by what it was when last looked at: to it
 * every index then costs the same, and a wrong one walks the whole queue, for each candidate. So
 * each look-up is written such that one index alone can serve it, as a probe: no name and no
 * policy here, the state as text and ids as arrays below, and the connection avoids every plan
 * that reads all and sorts.
 */
const active = `
  (select o.id from ${jobs} o
   where o.state = 'active' and o.singleton_key = j.singleton_key limit 1)`;

/**
 * $1 the tenant served last, $2 and $3 the tenants that hold slots here and how many, $4 free
 * slots, $5 slots a tenant. Of two wakes of a run, one that failed before and a younger one, the
 * failed one goes first, once its backoff is over. A run that is attempted again is not parked.
 */
export const claimText = `
  with recursive turn (tenant, position, wrapped) as (
    (
      select tenant, 1, wrapped from (
        ${nextTenant("j.group_id > $1", "false")}
        union all ${nextTenant("j.group_id <= $1", "true")}
      ) as first order by wrapped limit 1
    )
    union all
    select next.tenant, turn.position + 1, next.wrapped
    from turn cross join lateral (
      select tenant, wrapped from (
        ${nextTenant("j.group_id > turn.tenant and (not turn.wrapped or j.group_id <= $1)", "turn.wrapped")}
        union all ${nextTenant("not turn.wrapped and j.group_id <= $1", "true")}
      ) as either order by wrapped limit 1
    ) as next
    where turn.position < ${tenantsPerClaim}
  ), candidate as (
    select head.id, turn.position,
      row_number() over (partition by head.singleton_key order by head.state desc) as nth,
      coalesce(held.slots, 0) + row_number() over (
        partition by turn.tenant order by head.priority desc, head.created_on, head.id
      ) as share
    from turn
    left join unnest($2::text[], $3::int[]) as held (tenant, slots) on held.tenant = turn.tenant
    cross join lateral (
      select j.id, j.priority, j.created_on, j.singleton_key, j.state from ${jobs} j
      where ${waiting} and j.group_id = turn.tenant and j.start_after <= ${schema}.job_now()
        and ${active} is null
      order by j.priority desc, j.created_on limit $4
    ) as head
  ), chosen as (
    select id, position, share from candidate where nth = 1 and share <= $5 order by share, position limit $4
  ), locked as (
    select j.id from ${jobs} j
    where j.name = '${wakeQueue}' and j.id = any (array(select id from chosen))
      and j.state::text in ('created', 'retry')
    for update skip locked
  ), taken as (
    update ${jobs} j set state = 'active', started_on = ${schema}.job_now(),
      heartbeat_on = ${schema}.job_now(),
      retry_count = case when j.started_on is null then j.retry_count else j.retry_count + 1 end
    where j.name = '${wakeQueue}' and j.id = any (array(select id from locked))
    returning j.id, j.singleton_key as run, j.group_id as tenant, j.retry_count as attempt
  ), unparked as (
    delete from ${jobs}
    where name = '${parkedQueue}' and singleton_key = any (array(select run from taken))
  )
  select
    (select count(*)::int from chosen) as chosen,
    (select tenant from turn where position = ${tenantsPerClaim}) as last,
    (
      select coalesce(
        json_agg(
          json_build_object('id', id, 'run', run, 'tenant', tenant, 'attempt', attempt)
          order by share, position
        ), '[]'
      ) from taken join chosen using (id)
    ) as taken
`;

/**
 * Claims of a worker that is known to be gone are open to the next one at once, not after their last
 * heartbeat has run out. Left to pg-boss: what has no attempts left, which it parks, and the rare one
 * whose run has another wake between two attempts.
 */
export const releaseText = `
  update ${jobs} j set state = 'retry', start_after = ${schema}.job_now()
  where j.name = '${wakeQueue}' and j.state = 'active' and j.retry_count < j.retry_limit
    and not exists (
      select 1 from ${jobs} o
      where o.name = j.name and o.state = 'retry' and o.singleton_key = j.singleton_key
    )
`;

export const depthText = `
  select
    count(*) filter (where name = '${wakeQueue}' and state < 'active')::int as queued,
    count(*) filter (where name = '${wakeQueue}' and state = 'active')::int as active,
    count(*) filter (where name = '${parkedQueue}' and not exists (
      select 1 from ${jobs} o
      where o.name = '${wakeQueue}' and o.state <= 'active' and o.singleton_key = j.singleton_key
    ))::int as parked,
    coalesce(extract(epoch from clock_timestamp() - min(start_after) filter (
      where name = '${wakeQueue}' and state < 'active' and start_after <= clock_timestamp()
    )) * 1000, 0)::float8 as "oldestAgeMs"
  from ${jobs} j
  where name in ('${wakeQueue}', '${parkedQueue}') and state <= 'active'
`;
