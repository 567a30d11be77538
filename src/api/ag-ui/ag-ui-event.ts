/** Events of AG-UI 1.0, as far as a run has them. Names and fields are the protocol's own. */
export type AgUiEvent = Lifecycle | TextMessage | ToolCall | Step | Custom;

type Lifecycle =
  | {
      readonly type: "RUN_STARTED";
      readonly threadId: string;
      readonly runId: string;
      readonly protocolVersion: "1.0";
      readonly metadata?: Metadata;
    }
  | {
      readonly type: "RUN_FINISHED";
      readonly threadId: string;
      readonly runId: string;
      readonly result?: Readonly<Record<string, unknown>>;
      readonly outcome:
        | { readonly type: "success" | "cancelled" }
        | { readonly type: "interrupt"; readonly interrupts: readonly Interrupt[] };
      readonly metadata?: Metadata;
    }
  | {
      readonly type: "RUN_ERROR";
      readonly message: string;
      readonly code: string;
      readonly metadata?: Metadata;
    };

type TextMessage = Timed &
  (
    | {
        readonly type: "TEXT_MESSAGE_START";
        readonly messageId: string;
        readonly role: "assistant";
      }
    | {
        readonly type: "TEXT_MESSAGE_CONTENT";
        readonly messageId: string;
        readonly delta: string;
      }
    | { readonly type: "TEXT_MESSAGE_END"; readonly messageId: string }
  );

type ToolCall = Timed &
  (
    | {
        readonly type: "TOOL_CALL_START";
        readonly toolCallId: string;
        readonly toolCallName: string;
        readonly parentMessageId: string;
      }
    | { readonly type: "TOOL_CALL_ARGS"; readonly toolCallId: string; readonly delta: string }
    | { readonly type: "TOOL_CALL_END"; readonly toolCallId: string }
    | {
        readonly type: "TOOL_CALL_RESULT";
        readonly messageId: string;
        readonly toolCallId: string;
        readonly content: string;
        readonly role: "tool";
      }
  );

type Step = Timed & {
  readonly type: "STEP_STARTED" | "STEP_FINISHED";
  readonly stepName: string;
};

interface Custom {
  readonly type: "CUSTOM";
  readonly name: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface Timed {
  readonly timestamp: number;
}

/** What of an event is ours, under a name of ours. */
export interface Metadata {
  readonly countersign: Readonly<Record<string, unknown>>;
}

/** What a person is asked. */
export interface Interrupt {
  readonly id: string;
  readonly reason: "tool_call" | "countersign:approval";
  readonly message: string;
  readonly toolCallId?: string;
  readonly responseSchema: Readonly<Record<string, unknown>>;
  readonly expiresAt: string;
  readonly metadata: Metadata;
}
