/** Lines of progress on standard error, so that standard output stays for results. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Says how far long work is, at most twice a second. */
export function progressLine(what: string): (done: number, of: number) => void {
  let last = 0;
  return (done, of) => {
    const now = Date.now();
    if (now - last < 500 && done < of) return;
    last = now;
    say(`${what}: ${done} of ${of}`);
  };
}
