/**
 * The latest with a key that waits, else that was denied. Each half says what its partial index says, so
 * that it is looked up there; asked for at once, or each in its order, all that wait would be read.
 */
export function toFindApproval(columns: string): string {
  const found = (state: string): string =>
    `select ${columns} from countersign.approvals
     where tenant = $1 and key = $2 and ${state} and expires_at > $3`;
  return `select * from (
      ${found("key <> '' and state in ('pending', 'approved')")}
      union all
      ${found("state = 'denied'")}
    ) found order by state = 'denied', id desc limit 1`;
}
