import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import type { SandboxDriver } from "../../src/ports/sandbox.ts";
import { generousLimits, plainSpec } from "./sandbox-spec.ts";
import { collectSandbox } from "./sandbox.ts";

export interface DriverOfHost {
  readonly isUsable: boolean;
  readonly create: (options?: { readonly hidden: readonly string[] }) => SandboxDriver;
  readonly findLeft: (servers?: readonly number[]) => readonly string[];
}

/** What holds besides for drivers whose sandboxes see folders of this machine, and are its processes. */
export function describeSandboxOfHost(
  name: string,
  { isUsable, create, findLeft }: DriverOfHost,
): void {
  const whole = create();
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "of-host-")));
  chmodSync(folder, 0o755);
  afterAll(() => rmSync(folder, { recursive: true }));

  describe.runIf(isUsable)(`${name} on this machine`, () => {
    const hidden = [path.join(folder, "project", "data"), path.join(folder, "project", "key")];
    mkdirSync(hidden[0]!, { recursive: true });
    writeFileSync(path.join(hidden[0]!, "secret"), "of the host", { mode: 0o644 });
    writeFileSync(hidden[1]!, "of the host", { mode: 0o644 });
    writeFileSync(path.join(folder, "project", "code"), "for it");
    const guarded = create({ hidden });
    const run = async (mount: string, isWritable: boolean) => {
      const command = [
        "sh",
        "-c",
        "ls -A data key; cat code data/secret key; touch data/x; rm key",
      ];
      const mounts = [{ path: mount, isWritable }];
      return collectSandbox(
        await guarded.start({ ...plainSpec, command, mounts, directory: mount }),
      );
    };

    test.each([false, true])(
      "hides what lies in a mount (to be written: %s)",
      async (isWritable) => {
        const { stdout, remains } = await run(path.join(folder, "project"), isWritable);
        expect(stdout).toBe("key\n\ndata:\nfor it");
        expect(remains).toEqual([]);
      },
    );

    test("counts no process that has ended, whoever its parent was", async () => {
      // Each leaves a child without a parent, which ends at once.
      const script = `i=0; while [ $i -lt 60 ]; do (: &); i=$((i+1)); done; echo made $i`;
      const sandbox = await whole.start({
        ...plainSpec,
        command: ["sh", "-c", script],
        limits: { ...generousLimits, processes: 24 },
        onConnection: (socket) => void socket.destroy(),
      });
      expect(await collectSandbox(sandbox)).toMatchObject({ stdout: "made 60\n", stderr: "" });
    });

    test("lets nothing that leads there be moved away", async () => {
      const command = [
        "sh",
        "-c",
        "mv project away; mv project/data project/away; ls; ls -A project/data",
      ];
      const mounts = [{ path: folder, isWritable: true }];
      const { stdout, stderr } = await collectSandbox(
        await guarded.start({ ...plainSpec, command, mounts, directory: folder }),
      );
      expect(stdout).toBe("project\n");
      expect(stderr.match(/busy/g)).toHaveLength(2);
    });

    test.each([...hidden, path.join(hidden[0]!, "secret")])("does not mount %s", async (mount) => {
      const refused = await run(mount, false).catch((error: unknown) => error);
      expect(refused).toMatchObject({ code: "sandbox_failed" });
      expect((refused as Error).message).toContain(hidden.find((one) => mount.startsWith(one)));
    });

    test("does not hide what is not there yet", async () => {
      const late = create({ hidden: [path.join(folder, "project", "late")] });
      const mounts = [{ path: path.join(folder, "project"), isWritable: false }];
      const started = late.start({ ...plainSpec, command: ["true"], mounts });
      await expect(started).rejects.toMatchObject({ code: "sandbox_failed" });
    });

    test.each(["with-groups", "without-groups"])(
      "leaves nothing after a server that was killed, %s, is swept up",
      async (kind) => {
        const scenario = fileURLToPath(new URL("../sandbox-scenario.ts", import.meta.url));
        const server = spawn(process.execPath, [scenario, name, kind], {
          stdio: ["ignore", "pipe", "inherit"],
        });
        const gone = new Promise((resolve) => server.once("exit", resolve));
        await Promise.race([gone, new Promise((resolve) => server.stdout.once("data", resolve))]);
        expect(findLeft([server.pid!]).length).toBeGreaterThan(2);
        server.kill("SIGKILL");
        await gone;
        await whole.sweep();
        await expect.poll(() => findLeft([server.pid!])).toEqual([]);
      },
    );

    test("a sweep leaves the sandboxes of servers that live", async () => {
      const sandbox = await whole.start({ ...plainSpec, command: ["cat"] });
      await create().sweep();
      sandbox.stdin.write("still");
      expect(String(await new Promise((resolve) => sandbox.stdout.once("data", resolve)))).toBe(
        "still",
      );
      sandbox.kill();
      expect((await sandbox.ended).remains).toEqual([]);
    });
  });
}
