import type { ModelUsage } from "../model/model-usage.ts";
import type { ModelRequest, ModelStop } from "./model-backend.ts";

/** How requests and answers of one kind of backend are written; pure, the wire is elsewhere. */
export interface ModelFormat {
  /** Below the backend's URL. */
  readonly path: string;
  /** What answers a GET where the backend is well. */
  readonly lookPath: string;
  /** Whether a request asks for its beginning to be kept, which may have a price of its own. */
  readonly marksPrefix: boolean;
  toHeaders(key: string | null): Readonly<Record<string, string>>;
  toBody(request: ModelRequest, model: string): unknown;
  /** One for each answer. */
  createReader(): FormatReader;
}

export interface FormatReader {
  /** What a server-sent event says; a Fault where it is none of this format. */
  read(event: FormatEvent): readonly ModelPart[];
}

interface FormatEvent {
  readonly event: string;
  readonly data: string;
}

export type ModelPart =
  /** The model works, and says nothing that is passed on. */
  | { readonly kind: "progress" }
  | { readonly kind: "text"; readonly text: string }
  | CallPart
  | { readonly kind: "usage"; readonly usage: ModelUsage }
  | { readonly kind: "stop"; readonly stop: ModelStop }
  /** The backend gave up in the middle. */
  | { readonly kind: "failed"; readonly busy: boolean; readonly message: string };

export interface CallPart {
  readonly kind: "call";
  readonly index: number;
  readonly id: string | null;
  readonly name: string | null;
  readonly text: string;
}
