import { once } from 'node:events';

/** Writes lines to standard output in large pieces, and no faster than they are taken. */
export class LineWriter {
  private waiting = '';

  async line(text: string): Promise<void> {
    this.waiting += `${text}\n`;
    if (this.waiting.length >= 65536) await this.flush();
  }

  async flush(): Promise<void> {
    const text = this.waiting;
    this.waiting = '';
    if (text !== '' && !process.stdout.write(text)) await once(process.stdout, 'drain');
  }
}
