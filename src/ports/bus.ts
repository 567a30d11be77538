/** Hints between replicas. Best effort and bounded: whoever must not miss a thing also polls. */
export interface Bus {
  publish(channel: string, payload: string): Promise<void>;
  /** `onMessage` receives `null` after a reconnect or on the poll: something may have been missed. */
  subscribe(channel: string, onMessage: (payload: string | null) => void): Promise<Unsubscribe>;
  close(): Promise<void>;
}
export type Unsubscribe = () => Promise<void>;
