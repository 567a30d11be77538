import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { listTree } from "./list-tree.ts";
import { mergePackage, unpackPackage } from "./merge-package.ts";
import { isOnPath } from "../../../../bin/bootstrap/system-packages.js";

const programs = process.env["PATH"] ?? "";
const hasTools = isOnPath("dpkg-deb", programs) && isOnPath("tar", programs);
const base = mkdtempSync(path.join(tmpdir(), "packages-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

let count = 0;
let room = "";
beforeEach(() => {
  room = path.join(base, `${(count += 1)}`);
  mkdirSync(path.join(room, "tree"), { recursive: true });
});
const inRoom = (...parts: readonly string[]) => path.join(room, ...parts);
const tar = (...args: readonly string[]) => execFileSync("tar", args, { cwd: room });

/** What lies in a folder, as the members of an archive. */
function packFolder(make: (folder: string) => void): string {
  const folder = inRoom(`content-${(count += 1)}`);
  mkdirSync(folder);
  make(folder);
  const file = `${folder}.tar`;
  tar("-cf", file, "-C", folder, ".");
  return file;
}

/** A package is an `ar` archive of three files. */
function toPackage(members: string): string {
  tar("-cf", inRoom("control.tar"), "-T", "/dev/null");
  const parts = [
    ["debian-binary", Buffer.from("2.0\n")],
    ["control.tar", readFileSync(inRoom("control.tar"))],
    ["data.tar", readFileSync(members)],
  ] as const;
  const packed = parts.flatMap(([name, bytes]) => [
    name.padEnd(16) + "0".padEnd(12) + "0".padEnd(6).repeat(2) + "100644".padEnd(8),
    `${bytes.length}`.padEnd(10) + "`\n",
    bytes,
    bytes.length % 2 === 1 ? "\n" : "",
  ]);
  const file = inRoom(`made-up-${(count += 1)}.deb`);
  writeFileSync(
    file,
    Buffer.concat([Buffer.from("!<arch>\n"), ...packed.map((one) => Buffer.from(one))]),
  );
  return file;
}

async function add(members: string): Promise<void> {
  const folder = inRoom("unpacked");
  rmSync(folder, { recursive: true, force: true });
  await unpackPackage({ file: toPackage(members), folder, path: programs });
  await mergePackage(inRoom("tree"), folder);
}

const write = (file: string, text: string, mode = 0o644) => {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
};

describe.runIf(hasTools)("packages become one tree", () => {
  test("where each of today lies, without what people read, and with two modes", async () => {
    await add(
      packFolder((folder) => {
        write(path.join(folder, "bin/tool"), "tool", 0o6755);
        write(path.join(folder, "usr/lib/tool.so"), "library", 0o600);
        write(path.join(folder, "usr/share/doc/tool/README"), "read me");
        write(path.join(folder, "etc/tool.conf"), "of this system");
        symlinkSync("/lib/tool.so", path.join(folder, "usr/lib/tool.so.1"));
      }),
    );
    expect(await listTree(inRoom("tree"))).toEqual(
      ["usr", "usr/bin", "usr/bin/tool", "usr/lib", "usr/lib/tool.so", "usr/lib/tool.so.1"].concat(
        "usr/share",
      ),
    );
    expect(lstatSync(inRoom("tree/usr/bin/tool")).mode & 0o7777).toBe(0o755);
    expect(lstatSync(inRoom("tree/usr/lib/tool.so")).mode & 0o7777).toBe(0o644);
    expect(readlinkSync(inRoom("tree/usr/lib/tool.so.1"))).toBe("tool.so");
    expect(existsSync(inRoom("unpacked"))).toBe(false);
  });

  test("a folder and the same link may be in two", async () => {
    for (const name of ["one", "two"])
      await add(
        packFolder((folder) => {
          write(path.join(folder, "usr/bin", name), name);
          symlinkSync("one", path.join(folder, "usr/bin/both"));
        }),
      );
    expect(readdirSync(inRoom("tree/usr/bin"))).toEqual(["both", "one", "two"]);
  });

  test("a file may not", async () => {
    const pack = () => packFolder((folder) => write(path.join(folder, "usr/bin/tool"), "tool"));
    await add(pack());
    await expect(add(pack())).rejects.toThrow('"usr/bin/tool" of a package is in two packages.');
  });
});

describe.runIf(hasTools)("what leaves the tree is refused", () => {
  const outside = () => inRoom("outside");

  test("a member that climbs out", async () => {
    write(inRoom("inner"), "from within");
    tar("-P", "-cf", inRoom("climbing.tar"), "--transform", "s,^inner,../outside,", "inner");
    await expect(add(inRoom("climbing.tar"))).rejects.toThrow(/`dpkg-deb .*` failed/);
    expect(existsSync(outside())).toBe(false);
  });

  test("a member with a path of the host", async () => {
    write(inRoom("inner"), "from within");
    tar("-P", "-cf", inRoom("absolute.tar"), "--transform", `s,^inner,${outside()},`, "inner");
    await add(inRoom("absolute.tar"));
    expect(existsSync(outside())).toBe(false);
    expect(readFileSync(inRoom("tree", outside()), "utf8")).toBe("from within");
  });

  test.each(["../../../outside", "../../../../../../../../etc/passwd"])(
    "a link to %s",
    async (target) => {
      const members = packFolder((folder) => {
        mkdirSync(path.join(folder, "usr/bin"), { recursive: true });
        symlinkSync(target, path.join(folder, "usr/bin/out"));
      });
      await expect(add(members)).rejects.toThrow('"usr/bin/out" is a link that leads out.');
      expect(existsSync(inRoom("tree/usr/bin/out"))).toBe(false);
    },
  );

  test("a file through a link of the same package", async () => {
    mkdirSync(outside());
    const link = packFolder((folder) => symlinkSync(outside(), path.join(folder, "opt")));
    write(inRoom("more/opt/file"), "from within");
    tar("-rf", link, "-C", inRoom("more"), "./opt/file");
    await expect(add(link)).rejects.toThrow(/`dpkg-deb .*` failed/);
    expect(readdirSync(outside())).toEqual([]);
  });

  test("a file through a link of another package", async () => {
    mkdirSync(outside());
    await add(packFolder((folder) => symlinkSync(outside(), path.join(folder, "opt"))));
    const through = packFolder((folder) => write(path.join(folder, "opt/file"), "from within"));
    await expect(add(through)).rejects.toThrow("is a folder, and something else before");
    expect(readdirSync(outside())).toEqual([]);
  });

  test("a file of the host by another name", async () => {
    write(inRoom("secret"), "of the host");
    write(inRoom("content/secret"), "of the host");
    execFileSync("ln", [inRoom("content/secret"), inRoom("content/taken")]);
    const transform = `s,^secret,${inRoom("secret")},hRS`;
    const args = [
      "-P",
      "-cf",
      inRoom("hard.tar"),
      "--transform",
      transform,
      "-C",
      inRoom("content"),
    ];
    tar(...args, "secret", "taken");
    await add(inRoom("hard.tar")).catch(() => undefined);
    const taken = inRoom("tree/taken");
    if (existsSync(taken)) expect(lstatSync(taken).ino).not.toBe(lstatSync(inRoom("secret")).ino);
    expect(lstatSync(inRoom("secret")).nlink).toBe(1);
  });

  test("what is neither a file, a folder nor a link", async () => {
    const members = packFolder((folder) => execFileSync("mkfifo", [path.join(folder, "pipe")]));
    await expect(add(members)).rejects.toThrow('"pipe" of a package is neither');
  });
});
