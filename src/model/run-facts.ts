/** What policy is told of a run whose call it decides. */
export interface RunFacts {
  /** Of the call: answers of the model before the one that asks for it. */
  readonly step: number;
  /** Calls that were made before this one; those that are made with it count in their order. */
  readonly calls: number;
  /** Money spent so far, on models and tools, in millionths. */
  readonly spentMicros: number;
}
