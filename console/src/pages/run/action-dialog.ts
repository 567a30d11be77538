import type { Run } from "../../../../src/client/client.ts";

export interface ActionDialogProps {
  readonly run: Run;
  readonly onClose: () => void;
  /** It lies in the run's inbox. */
  readonly onTold: () => void;
}
