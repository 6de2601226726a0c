import { once } from 'node:events';

/** Writes lines to standard output in large pieces, and no faster than they are taken. */
export class LineWriter {
  private waiting = '';

  /** Waits only when a piece is full and is not taken at once. */
  line(text: string): Promise<void> | undefined {
    this.waiting += `${text}\n`;
    return this.waiting.length >= 65536 ? this.flush() : undefined;
  }

  async flush(): Promise<void> {
    const text = this.waiting;
    this.waiting = '';
    if (text !== '' && !process.stdout.write(text)) await once(process.stdout, 'drain');
  }
}
