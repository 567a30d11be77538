export interface Alert {
  /** Its runbook is the section of docs/alerts.md with this name. */
  readonly name: string;
  /** `page`: somebody looks now. `ticket`: within a working day. */
  readonly severity: "page" | "ticket";
  /** In Prometheus's own form. */
  readonly for: string;
  readonly expr: string;
  readonly summary: string;
}
