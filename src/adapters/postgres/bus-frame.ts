export interface Message {
  readonly channel: string;
  readonly payload: string;
}

/** Postgres takes a notification below 8,000 bytes: the longest hint, its channel and two lengths. */
const notificationBytes = 7_999;

/** Packs messages into as few notifications as hold them, in their order. */
export function toFrames(messages: readonly Message[]): readonly string[] {
  const frames: string[] = [];
  let frame = "";
  let size = 0;
  for (const { channel, payload } of messages) {
    const packed = `${channel.length}:${payload.length}:${channel}${payload}`;
    const length = Buffer.byteLength(packed);
    if (size > 0 && size + length > notificationBytes) {
      frames.push(frame);
      frame = "";
      size = 0;
    }
    frame += packed;
    size += length;
  }
  if (size > 0) frames.push(frame);
  return frames;
}

/** The messages of a frame; what was not written by `toFrames` gives none. */
export function fromFrame(frame: string): readonly Message[] {
  const messages: Message[] = [];
  for (let offset = 0; offset < frame.length;) {
    const lengths = /^(\d{1,2}):(\d{1,4}):/.exec(frame.slice(offset, offset + 9));
    if (lengths === null) return [];
    const start = offset + lengths[0].length;
    const middle = start + Number(lengths[1]);
    const end = middle + Number(lengths[2]);
    if (end > frame.length) return [];
    messages.push({ channel: frame.slice(start, middle), payload: frame.slice(middle, end) });
    offset = end;
  }
  return messages;
}
