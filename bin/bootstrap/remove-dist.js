// A file that was renamed since would stay in dist, and be found there.
import { rmSync } from "node:fs";

rmSync("dist", { recursive: true, force: true });
