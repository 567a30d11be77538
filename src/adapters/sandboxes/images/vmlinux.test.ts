import { expect, test } from "vitest";
import { toVmlinux } from "./vmlinux.ts";

const elf = Buffer.concat([Buffer.from([0x7f, 0x45, 0x4c, 0x46]), Buffer.from("a kernel")]);

function toLz4(bytes: Buffer): Buffer {
  const head = Buffer.from([0x02, 0x21, 0x4c, 0x18, bytes.length + 1, 0, 0, 0]);
  return Buffer.concat([head, Buffer.from([bytes.length << 4]), bytes]);
}

interface Image {
  readonly payload?: Buffer;
  readonly magic?: string;
  /** What the image says about its payload, besides the truth. */
  readonly longer?: number;
  readonly unpacked?: number;
}

/** As a kernel is packed for PCs: one sector of setup, some code, the payload and its length. */
function toImage({ payload = toLz4(elf), magic = "HdrS", longer = 0, unpacked }: Image): Buffer {
  const image = Buffer.alloc(1_024 + 64);
  image[0x1f1] = 1;
  image.write(magic, 0x202, "latin1");
  image.writeUInt32LE(64, 0x248);
  image.writeUInt32LE(payload.length + 4 + longer, 0x24c);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(unpacked ?? elf.length);
  return Buffer.concat([image, payload, length]);
}

test("the kernel comes out of the form that unpacks itself", () => {
  expect(toVmlinux(toImage({})).equals(elf)).toBe(true);
});

test.each([
  ["another form", { magic: "none" }, "not in the form that PCs boot"],
  ["one that is cut short", { longer: 1 }, "ends before"],
  [
    "one that is packed otherwise",
    { payload: Buffer.from("(\u00b5/\u00fd zstd", "latin1") },
    "begins",
  ],
  ["one that holds no program", { payload: toLz4(Buffer.from("twelve bytes")) }, "not a kernel"],
  ["one that holds nothing", { payload: toLz4(Buffer.alloc(0)), unpacked: 0 }, "not a kernel"],
  ["one of another length", { unpacked: 5 }, "not a kernel"],
])("%s is refused", (_, image, reason) => {
  expect(() => toVmlinux(toImage(image))).toThrow(reason);
});

test("a few bytes are refused", () => {
  expect(() => toVmlinux(Buffer.from("short"))).toThrow("not in the form");
});
