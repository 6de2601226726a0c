import { setTimeout as sleep } from 'node:timers/promises';
import { markOf, marks, type Client, type RunningClient } from '../clients/client.js';
import type { LiveService, StoredMark } from '../clients/live-service.js';
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
  /** How often the service refused what was sent under the client's own source, for want of room or of its database. */
  readonly refused: number;
  /** The longest that a stored record took from the client's hands to the service's, in milliseconds. */
  readonly longest: number;
  readonly complaints: readonly string[];
}

const usualPace = 400;
const beforeMilliseconds = 1500;
const afterMilliseconds = 2000;
/** Around a fault: what was written so shortly before it may still have been on its way. */
const onItsWay = 3000;
const mostCatchingUp = 15_000;
/** A client that waits for so many answers gets no more to send: some start a process for each. */
const mostUndecided = 60;

interface Sender {
  readonly client: Client;
  /** The source of its own. */
  readonly source: string;
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
    const from = Math.min(await onItsWaySince(service, senders), Date.now() - onItsWay);
    await fault.make(service);
    const to = Date.now();
    await sleep(afterMilliseconds);
    for (const sender of senders) sender.end();
    const mayBeLost = losses(fault, { from, to: to + onItsWay });
    await settle(service, senders, mayBeLost, settleSeconds);
    const stored = new Map<string, StoredMark[]>();
    for (const found of await service.stored()) stored.set(found.mark, [...(stored.get(found.mark) ?? []), found]);
    return await Promise.all(
      senders.map(async (sender) => {
        const refused = (await service.refusals(sender.source)).get('unavailable') ?? 0;
        return { fault: fault.name, refused, ...judge(sender, mayBeLost, stored) };
      }),
    );
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
    if (sent.size - running.delivered.size - running.gaveUp.size >= mostUndecided) return;
    const mark = markOf(name, sent.size);
    sent.set(mark, Date.now());
    running.send(mark);
  }, client.pace ?? usualPace);
  return {
    client,
    source: name,
    running,
    sent,
    end: () => {
      clearInterval(timer);
      running.flush?.();
    },
  };
}

/**
 * Since when something is on its way, in milliseconds since 1970: the oldest record that is neither stored nor given up. Waits for a while
 * until something of every client is stored and that is not long ago, as it is where the machine keeps up.
 */
async function onItsWaySince(service: LiveService, senders: readonly Sender[]): Promise<number> {
  for (const deadline = Date.now() + mostCatchingUp; ; await sleep(100)) {
    const stored = new Set((await service.stored()).map(({ mark }) => mark));
    const now = Date.now();
    const open = senders.flatMap(({ sent, running }) =>
      [...sent].filter(([mark]) => !stored.has(mark) && !running.gaveUp.has(mark)).map(([, at]) => at),
    );
    const oldest = Math.min(now, ...open);
    const heard = senders.every(({ sent }) => [...sent.keys()].some((mark) => stored.has(mark)));
    if ((heard && now - oldest < onItsWay / 2) || now > deadline) return oldest;
  }
}

type MayBeLost = (sender: Sender, mark: string) => boolean;

/** What a fault may take of what a client believes delivered, as no program can prevent. */
function losses(fault: ClientFault, during: { readonly from: number; readonly to: number }): MayBeLost {
  return ({ client, sent }, mark) => {
    const at = sent.get(mark) ?? 0;
    const happens =
      (client.belief === 'written' && fault.losesConnections) || (client.belief === 'datagram' && fault.losesDatagrams);
    return happens && at >= during.from && at <= during.to;
  };
}

/** Waits until everything is given up or stored, except for what may be lost: that has as long as it takes to come from a healthy service. */
async function settle(
  service: LiveService,
  senders: readonly Sender[],
  mayBeLost: MayBeLost,
  seconds: number,
): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  for (let othersSince = Date.now(); ;) {
    const stored = new Set((await service.stored()).map(({ mark }) => mark));
    const open = senders.flatMap((sender) => {
      const { delivered, gaveUp } = sender.running;
      return [...sender.sent.keys()]
        .filter((mark) => !gaveUp.has(mark) && !(delivered.has(mark) && stored.has(mark)))
        .map((mark) => delivered.has(mark) && mayBeLost(sender, mark));
    });
    const now = Date.now();
    if (open.includes(false)) othersSince = now;
    if (open.length === 0 || now > deadline || now - othersSince > onItsWay) break;
    await sleep(200);
  }
  // What comes twice may come late, and refusals are counted within seconds.
  await sleep(2500);
}

function judge(
  sender: Sender,
  mayBeLost: MayBeLost,
  stored: ReadonlyMap<string, readonly StoredMark[]>,
): Omit<Cell, 'fault' | 'refused'> {
  const { client, running, sent } = sender;
  const { delivered, gaveUp, complaints } = running;
  const missing = [...delivered].filter((mark) => !stored.has(mark));
  const allowed = missing.filter((mark) => mayBeLost(sender, mark));
  const marks = [...sent.keys()];
  const took = [...sent].flatMap(([mark, at]) => (stored.get(mark) ?? []).map(({ receivedAt }) => receivedAt - at));
  return {
    client: client.name,
    sent: marks.length,
    stored: marks.filter((mark) => stored.has(mark)).length,
    gaveUp: gaveUp.size,
    gaveUpButStored: [...gaveUp].filter((mark) => stored.has(mark)).length,
    undecided: marks.filter((mark) => !delivered.has(mark) && !gaveUp.has(mark)),
    lost: missing.filter((mark) => !allowed.includes(mark)),
    lostAsAllowed: allowed.length,
    doubled: marks.filter((mark) => (stored.get(mark)?.length ?? 0) > 1),
    longest: Math.max(0, ...took),
    complaints,
  };
}

/** The cells as a table for people: a line a client and fault. */
export function table(cells: readonly Cell[]): string {
  const head = [
    'client',
    'fault',
    'sent',
    'stored',
    'gave up',
    'of it stored',
    'lost',
    'may be lost',
    'doubled',
    'refused',
    'longest s',
  ];
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
      cell.refused,
      (cell.longest / 1000).toFixed(1),
    ].map(String),
  );
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  return [head, ...rows]
    .map((row) => row.map((text, at) => text.padEnd(widths[at] ?? 0)).join('  '))
    .map((line) => line.trimEnd())
    .join('\n');
}

/** What clients said of what they gave up, each saying once with how often it was said. */
export function sayings(cells: readonly Cell[]): string {
  return cells
    .flatMap(({ client, complaints }) => {
      const times = new Map<string, number>();
      for (const text of complaints.map((complaint) => complaint.replaceAll(marks, 'mark').slice(0, 160)))
        times.set(text, (times.get(text) ?? 0) + 1);
      return [...times].slice(0, 5).map(([text, count]) => `${client}: ${count} x ${text}`);
    })
    .join('\n');
}
