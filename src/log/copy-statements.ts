import type { ClientBase, Connection, Submittable } from 'pg';

/** A finished binary COPY, in one piece or several. */
export type CopyData = Buffer | readonly Buffer[];

/** The server keeps room for the largest message until the statement ends; where one ends and the next begins means nothing to it. */
const messageBytes = 64 * 1024;

/**
 * Statements of one simple query of which some are `COPY ... FROM STDIN`, sent with their data in
 * one go, without waiting for the server to ask. Saves a round trip per COPY; the server takes the
 * data in order, and drops it when a statement fails (PostgreSQL manual, "Frontend/Backend
 * Protocol", COPY operations).
 */
class CopyStatements implements Submittable {
  private failure: Error | null = null;
  private readonly text: string;
  private readonly data: readonly CopyData[];
  private readonly settle: (failure: Error | null) => void;

  constructor(text: string, data: readonly CopyData[], settle: (failure: Error | null) => void) {
    this.text = text;
    this.data = data;
    this.settle = settle;
  }

  submit(connection: Connection): void {
    const { stream } = connection;
    stream.cork();
    stream.write(message('Q', Buffer.from(`${this.text}\0`)));
    for (const copied of this.data) {
      for (const bytes of Buffer.isBuffer(copied) ? [copied] : copied) {
        for (let at = 0; at < bytes.length; at += messageBytes) {
          const piece = bytes.subarray(at, at + messageBytes);
          stream.write(header('d', piece.length));
          stream.write(piece);
        }
      }
      stream.write(header('c', 0));
    }
    stream.uncork();
  }

  handleError(error: Error): void {
    // A failed statement ends the whole query, and the connection is ready right after; a lost
    // connection sends nothing more. Either way this is the last word.
    this.failure ??= error;
    this.settle(this.failure);
  }

  handleReadyForQuery(): void {
    this.settle(this.failure);
  }

  handleCopyInResponse(): void {}
  handleCommandComplete(): void {}
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
}

function header(type: string, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(5);
  bytes.write(type, 0, 'latin1');
  bytes.writeInt32BE(length + 4, 1);
  return bytes;
}

function message(type: string, body: Buffer): Buffer {
  return Buffer.concat([header(type, body.length), body]);
}

/**
 * Runs the statements; `data` holds one finished binary COPY per COPY statement, in order. The text
 * is sent as it is: it must hold no input. The bytes of `data` stay as they are until this resolves.
 */
export async function runCopyStatements(client: ClientBase, text: string, data: readonly CopyData[]): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    client.query(
      new CopyStatements(text, data, (failure) => {
        if (failure === null) resolve();
        else reject(failure);
      }),
    );
  });
}
