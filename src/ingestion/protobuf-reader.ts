/*
 * Reads the wire format of protocol buffers (protobuf.dev/programming-guides/encoding), just enough for the messages
 * that senders of logs use: fields one after another, each with its number and wire type; unknown ones are passed over.
 */

/** The bytes are no protobuf message. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
}

/** A field as it stands on the wire; only one of the values is there, by its wire type. */
export interface ProtobufField {
  readonly number: number;
  /** Wire types 0, 1 and 5: the unsigned value. */
  readonly value: bigint | null;
  /** Wire type 2: a string, bytes or a message. Shares memory with the message. */
  readonly bytes: Buffer | null;
}

/**
 * The fields of a message in the order of the wire.
 * @throws ProtobufError when the bytes are cut short or use what protobuf does not know.
 */
export function* protobufFields(message: Buffer): Generator<ProtobufField> {
  let at = 0;
  const varint = (): bigint => {
    // Numbers up to 2^28 need no big integers: tags and lengths nearly always.
    let small = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = message[at++];
      if (byte === undefined) throw new ProtobufError('a number is cut short');
      small |= (byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt(small);
    }
    let large = BigInt(small);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) throw new ProtobufError('a number is cut short');
      large |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, large);
    }
    throw new ProtobufError('a number is longer than ten bytes');
  };
  const take = (length: number): Buffer => {
    if (length > message.length - at) throw new ProtobufError('a field is cut short');
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = Number(varint());
    const number = Math.floor(tag / 8);
    if (number === 0 || number > 536_870_911) throw new ProtobufError('a field has no valid number');
    switch (tag % 8) {
      case 0:
        yield { number, value: varint(), bytes: null };
        break;
      case 1:
        yield { number, value: take(8).readBigUInt64LE(), bytes: null };
        break;
      case 2:
        yield { number, value: null, bytes: take(Number(varint())) };
        break;
      case 5:
        yield { number, value: BigInt(take(4).readUInt32LE()), bytes: null };
        break;
      default:
        throw new ProtobufError(`a field has the wire type ${tag % 8}`);
    }
  }
}

/** A signed 64-bit integer (`int64`) as decimal text. */
export function signedText(value: bigint): string {
  return BigInt.asIntN(64, value).toString();
}

/** A `double` from its 64 bits. */
export function doubleOf(value: bigint): number {
  const bits = Buffer.alloc(8);
  bits.writeBigUInt64LE(value);
  return bits.readDoubleLE();
}

/** Writes a field of wire type 2. */
export function lengthDelimited(number: number, content: Buffer): Buffer {
  return Buffer.concat([varintBytes(number * 8 + 2), varintBytes(content.length), content]);
}

/** Writes a field of wire type 0; zero is the default and is left out. */
export function varintField(number: number, value: number): Buffer {
  return value === 0 ? Buffer.alloc(0) : Buffer.concat([varintBytes(number * 8), varintBytes(value)]);
}

function varintBytes(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}
