/** A first flight of TLS as nobody's library would write it. */
export interface MadeHello {
  /** An SNI extension for each, with the kind of name that it says. */
  readonly names: readonly (readonly [kind: number, name: string])[];
  readonly others?: readonly (readonly [extension: number, content: Buffer])[];
  /** Bytes behind the extensions, still in the message. */
  readonly rest?: Buffer;
}

export const encryptedHello = 0xfe0d;

const sized = (bytes: 1 | 2 | 3, content: Buffer): Buffer => {
  const length = Buffer.alloc(bytes);
  length.writeUIntBE(content.length, 0, bytes);
  return Buffer.concat([length, content]);
};

const toExtension = (kind: number, content: Buffer): Buffer =>
  Buffer.concat([Buffer.from([kind >> 8, kind & 255]), sized(2, content)]);

/** The handshake message, not in records yet. */
export function createClientHello({ names, others = [], rest }: MadeHello): Buffer {
  const snis = names.map(([kind, name]) => {
    const entry = Buffer.concat([Buffer.from([kind]), sized(2, Buffer.from(name, "latin1"))]);
    return toExtension(0, sized(2, entry));
  });
  const extensions = [...snis, ...others.map(([kind, content]) => toExtension(kind, content))];
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    sized(1, Buffer.alloc(32, 9)),
    sized(2, Buffer.from([0x13, 0x01, 0x13, 0x02])),
    sized(1, Buffer.from([0])),
    sized(2, Buffer.concat(extensions)),
    rest ?? Buffer.alloc(0),
  ]);
  return Buffer.concat([Buffer.from([1]), sized(3, body)]);
}

/** Cut into records of at most so many bytes. */
export function toRecords(message: Buffer, most = 16_384): Buffer {
  const count = Math.ceil(message.length / most);
  const parts = Array.from({ length: count }, (_, at) =>
    message.subarray(at * most, (at + 1) * most),
  );
  return Buffer.concat(
    parts.map((part) => Buffer.concat([Buffer.from([22, 3, 1]), sized(2, part)])),
  );
}
