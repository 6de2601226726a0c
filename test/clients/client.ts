import type { Certificates } from '../support/certificates.js';

/** What the service and a place to write say to a client that is to send to it. */
export interface Target {
  /** Without a slash at the end. */
  readonly url: string;
  /** The source of this client, and what it authenticates with. */
  readonly source: string;
  readonly token: string;
  /** Ports of the syslog listener, whose source is another. */
  readonly syslog: { readonly tcp: number; readonly tls: number; readonly udp: number };
  /** What proves the service to senders over TLS, and senders to it. */
  readonly certificates: Certificates;
  /** Secret of the source by which webhooks are signed. */
  readonly secrets: { readonly 'standard-webhooks': string; readonly github: string };
  /** An empty folder of the client's own, which goes when the test ends. */
  readonly directory: string;
}

/**
 * What a client may believe of a record it has handed over. `answered`: the service has said that it is stored. `written`: it
 * went into a TCP connection, which knows no answer. `datagram`: it left.
 */
export type Belief = 'answered' | 'written' | 'datagram';

/** A program or library that users send with, run as it is, with the configuration that our documentation gives. */
export interface Client {
  readonly name: string;
  readonly belief: Belief;
  /** The source its records come from: its own, or the one of the syslog listener. */
  readonly route: 'own' | 'syslog';
  /** Why it cannot run here; null when it can. */
  readonly missing: string | null;
  /** Milliseconds between records in a test that sends for a while; what starts a process for each record takes its time. */
  readonly pace?: number;
  start(target: Target): Promise<RunningClient>;
}

/** Records are known by a mark: a text that is in each once, whatever its form. */
export interface RunningClient {
  /** Hands one record with this mark to the client; returns at once. */
  send(mark: string): void;
  /** What it takes to be delivered. */
  readonly delivered: ReadonlySet<string>;
  /** What it has given up, and has said so. */
  readonly gaveUp: ReadonlySet<string>;
  /** Everything that it complained of. */
  readonly complaints: readonly string[];
  /** Hands on what it gathers, as it would at its own end, without waiting. */
  flush?(): void;
  stop(): Promise<void>;
}

export const marks = /\bmark-[a-z0-9-]+-\d{5}\b/gu;

export function markOf(client: string, number: number): string {
  return `mark-${client}-${String(number).padStart(5, '0')}`;
}

/** The marks in a text, each once. */
export function marksIn(text: string): ReadonlySet<string> {
  return new Set(text.match(marks));
}

let made = 0;
const run = String(Date.now() % 1e8).padStart(8, '0');

/** A Hubble flow with this mark in its summary and an id of its own. */
export function markedFlow(mark: string): object {
  return {
    flow: {
      time: new Date().toISOString(),
      uuid: `${run}-0000-4000-8000-${String(++made).padStart(12, '0')}`,
      verdict: 'DROPPED',
      event_type: { type: 5 },
      IP: { source: '10.0.0.1', destination: '10.0.0.2', ipVersion: 'IPv4' },
      l4: { TCP: { source_port: 40_000, destination_port: 443 } },
      traffic_direction: 'INGRESS',
      Summary: mark,
    },
    node_name: 'edge/node-1',
    time: new Date().toISOString(),
  };
}

/** What a firewall says in CEF, with this mark in it. */
export function markedLine(mark: string): string {
  const fields = 'src=10.0.0.1 dst=10.0.0.2 spt=40000 dpt=443 proto=TCP act=deny';
  return `CEF:0|Palo Alto Networks|PAN-OS|11.1|drop|TRAFFIC|3|${fields} msg=${mark}`;
}

/** The book of a client that learns of each record what became of it. */
export class Book {
  readonly delivered = new Set<string>();
  readonly gaveUp = new Set<string>();
  readonly complaints: string[] = [];

  deliver(marks: Iterable<string>): void {
    for (const mark of marks) this.delivered.add(mark);
  }

  giveUp(marks: Iterable<string>, error: unknown): void {
    for (const mark of marks) this.gaveUp.add(mark);
    this.complain(error);
  }

  complain(error: unknown): void {
    this.complaints.push(error instanceof Error ? `${error.name}: ${error.message}` : JSON.stringify(error));
  }
}
