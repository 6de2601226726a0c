import { setTimeout as sleep } from 'node:timers/promises';
import { markOf, type Client, type RunningClient } from '../clients/client.js';
import type { LiveService } from '../clients/live-service.js';
import type { ClientFault } from './client-faults.js';

/** What became of what one client sent while a fault was made. */
export interface Cell {
  readonly client: string;
  readonly fault: string;
  readonly sent: number;
  readonly stored: number;
  /** What the client gave up, and said so; some of it may be stored all the same. */
  readonly gaveUp: number;
  readonly gaveUpButStored: number;
  /** Records that the client had neither delivered nor given up at the end. */
  readonly undecided: readonly string[];
  /** Records that the client believes delivered, which are not stored and of which no rule of its transport says that they may be lost. */
  readonly lost: readonly string[];
  /** Records that are not stored, as the transport allows: datagrams, and bytes in a connection that was killed. */
  readonly lostAsAllowed: number;
  readonly doubled: readonly string[];
  readonly complaints: readonly string[];
}

const usualPace = 400;
const beforeMilliseconds = 1500;
const afterMilliseconds = 2000;
/** Around a fault: what was written so shortly before it may still have been on its way. */
const onItsWay = 3000;

interface Sender {
  readonly client: Client;
  readonly running: RunningClient;
  readonly sent: ReadonlyMap<string, number>;
  /** Sends no more. */
  end(): void;
}

let round = 0;

/** Has all clients send at once, makes the fault in the middle, and waits until each client has delivered or given up everything. */
export async function runFault(
  service: LiveService,
  clients: readonly Client[],
  fault: ClientFault,
  settleSeconds: number,
): Promise<Cell[]> {
  round++;
  const senders: Sender[] = [];
  try {
    senders.push(...(await Promise.all(clients.map(async (client) => await startSender(service, client)))));
    await sleep(beforeMilliseconds);
    const from = Date.now();
    await fault.make(service);
    const to = Date.now();
    await sleep(afterMilliseconds);
    for (const sender of senders) sender.end();
    await settle(service, senders, settleSeconds);
    const stored = new Map<string, number>();
    for (const { mark } of await service.stored()) stored.set(mark, (stored.get(mark) ?? 0) + 1);
    return senders.map((sender) => judge(sender, fault, { from: from - onItsWay, to: to + onItsWay }, stored));
  } finally {
    for (const { end } of senders) end();
    await Promise.all(senders.map(async ({ running }) => await running.stop()));
  }
}

async function startSender(service: LiveService, client: Client): Promise<Sender> {
  const name = `${client.name}-${round}`;
  const running = await client.start(await service.target(client, name));
  const sent = new Map<string, number>();
  const timer = setInterval(() => {
    const mark = markOf(name, sent.size);
    sent.set(mark, Date.now());
    running.send(mark);
  }, client.pace ?? usualPace);
  return {
    client,
    running,
    sent,
    end: () => {
      clearInterval(timer);
      running.flush?.();
    },
  };
}

async function settle(service: LiveService, senders: readonly Sender[], seconds: number): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const stored = new Set((await service.stored()).map(({ mark }) => mark));
    const open = senders.some(({ client, running, sent }) =>
      [...sent.keys()].some(
        (mark) =>
          !running.gaveUp.has(mark) &&
          !(running.delivered.has(mark) && (stored.has(mark) || client.belief === 'datagram')),
      ),
    );
    if (!open || Date.now() > deadline) break;
    await sleep(200);
  }
  // What comes twice may come late.
  await sleep(1500);
}

function judge(
  { client, running, sent }: Sender,
  fault: ClientFault,
  during: { readonly from: number; readonly to: number },
  stored: ReadonlyMap<string, number>,
): Cell {
  const { delivered, gaveUp, complaints } = running;
  const mayBeLost =
    (client.belief === 'written' && fault.losesConnections) || (client.belief === 'datagram' && fault.losesDatagrams);
  const missing = [...delivered].filter((mark) => !stored.has(mark));
  const allowed = missing.filter((mark) => {
    const at = sent.get(mark) ?? 0;
    return mayBeLost && at >= during.from && at <= during.to;
  });
  const marks = [...sent.keys()];
  return {
    client: client.name,
    fault: fault.name,
    sent: marks.length,
    stored: marks.filter((mark) => stored.has(mark)).length,
    gaveUp: gaveUp.size,
    gaveUpButStored: [...gaveUp].filter((mark) => stored.has(mark)).length,
    undecided: marks.filter((mark) => !delivered.has(mark) && !gaveUp.has(mark)),
    lost: missing.filter((mark) => !allowed.includes(mark)),
    lostAsAllowed: allowed.length,
    doubled: marks.filter((mark) => (stored.get(mark) ?? 0) > 1),
    complaints,
  };
}

/** The cells as a table for people: a line a client and fault. */
export function table(cells: readonly Cell[]): string {
  const head = ['client', 'fault', 'sent', 'stored', 'gave up', 'of it stored', 'lost', 'may be lost', 'doubled'];
  const rows = cells.map((cell) =>
    [
      cell.client,
      cell.fault,
      cell.sent,
      cell.stored,
      cell.gaveUp,
      cell.gaveUpButStored,
      cell.lost.length,
      cell.lostAsAllowed,
      cell.doubled.length,
    ].map(String),
  );
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  return [head, ...rows]
    .map((row) => row.map((text, at) => text.padEnd(widths[at] ?? 0)).join('  '))
    .map((line) => line.trimEnd())
    .join('\n');
}
