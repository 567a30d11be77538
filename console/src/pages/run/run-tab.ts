import type { ComponentType } from "react";
import type { Run } from "../../../../src/client/client.ts";
import type { RunSource } from "./run-source.ts";

export interface RunTabProps {
  readonly source: RunSource;
  readonly run: Run;
}

export interface RunTab {
  readonly name: string;
  readonly title: string;
  readonly View: ComponentType<RunTabProps>;
}
