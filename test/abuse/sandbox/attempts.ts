import type { Attempt } from "./attempt.ts";
import { endings } from "./endings.ts";
import { hogs } from "./hogs.ts";
import { hostFiles } from "./host-files.ts";
import { kernelFiles } from "./kernel-files.ts";
import { kernel } from "./kernel.ts";
import { others } from "./others.ts";
import { sockets } from "./sockets.ts";
import { surroundings } from "./surroundings.ts";

/** One list, run on every driver that this machine can use. */
export const attempts: readonly Attempt[] = [
  ...hostFiles,
  ...surroundings,
  ...kernel,
  ...kernelFiles,
  ...sockets,
  ...others,
  ...hogs,
  ...endings,
];
