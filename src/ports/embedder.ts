/** Which vectors can be compared: those of one embedder in one version, and no others. */
export interface EmbedderName {
  readonly id: string;
  readonly version: string;
}

/** Turns texts into vectors that lie near each other where the texts mean something alike. */
export interface Embedder extends EmbedderName {
  readonly dimensions: number;
  /** Cosine from which on two texts have anything in common. */
  readonly leastLikeness: number;
  /** One of the same length for each text, in their order. Throws a Fault where it cannot. */
  embed(texts: readonly string[], signal: AbortSignal): Promise<readonly Float32Array[]>;
  close(): Promise<void>;
}

/** What an embedder is asked for at once. */
export const embedderLimits = {
  texts: 64,
  /** Of one text: more is cut, as models of embeddings do themselves or refuse to. */
  characters: 16_384,
  dimensions: 4_096,
} as const;
