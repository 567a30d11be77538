import type { Clock } from "../../../ports/clock.ts";
import type { Sandbox } from "../../../ports/sandbox.ts";
import { fail } from "./fail.ts";
import type { Outlet } from "./outlet.ts";

/** From the start of our own part until its connections can be made. */
const outletMs = 20_000;
/** Of a sandbox that did not come up. */
const mostSaid = 500;
const saidMs = 200;

interface Attachable extends Sandbox {
  attach(outlet: Outlet): void;
}

/** Ends a sandbox whose way out does not come up in time. */
export async function attachInTime(
  sandbox: Attachable,
  opening: Promise<Outlet>,
  clock: Clock,
): Promise<void> {
  try {
    sandbox.attach(await openInTime(opening, clock));
  } catch (error) {
    // One that comes too late is closed as well.
    opening.then(
      (late) => late.close(),
      () => undefined,
    );
    throw fail(await explainEnd(sandbox, clock), error);
  }
}

async function openInTime(opening: Promise<Outlet>, clock: Clock): Promise<Outlet> {
  const done = new AbortController();
  const late = clock.sleep(outletMs, done.signal).then(
    () => Promise.reject(fail("Its listener is not here in time.")),
    () => opening,
  );
  return Promise.race([opening, late]).finally(() => done.abort());
}

/** Our own part says what it lacks, or what it is started by does. */
async function explainEnd(sandbox: Sandbox, clock: Clock): Promise<string> {
  let said = "";
  sandbox.stderr.on("data", (chunk: Buffer) => {
    said = `${said}${chunk.toString("utf8")}`.slice(0, mostSaid);
  });
  const closed = new Promise((resolve) => sandbox.stderr.once("close", resolve));
  sandbox.kill();
  const { reason } = await sandbox.ended;
  await Promise.race([closed, clock.sleep(saidMs)]);
  return `The sandbox ${reason} before its program began. It said: ${said.trim() || "nothing"}`;
}
