import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { setTimeout as delay } from 'node:timers/promises';
import { CONFIG, type Config } from '../../config.js';
import { Metrics } from '../../metrics.js';
import { Ingest } from '../ingest.js';
import type { ReceivedRecord } from '../received-record.js';
import { SourceRefusals } from '../refusals.js';
import { Sources } from '../sources.js';
import { SyslogFrames, trimmed } from '../syslog-frames.js';

/** Messages wait this long for others to be appended with them. */
const gatherMilliseconds = 50;
const mostPerAppend = 1000;
/** Above the first nobody is read any more, below the second everybody is again. */
const fullBytes = 16 * 1024 * 1024;
const emptiedBytes = 8 * 1024 * 1024;
const retryMilliseconds = 1000;
/** At the end, connections are read until nothing has come for the first, but no longer than the second. */
const quietMilliseconds = 150;
const drainMilliseconds = 1000;

export type SyslogTransport = 'tcp' | 'tls' | 'udp';

/**
 * Listens for syslog over TCP (RFC 6587), TLS (RFC 5425) and UDP (RFC 5426), where the configuration names a port, and feeds what comes to
 * one source. Syslog knows no answer: while the log cannot take messages, connections are not read, so that their senders wait;
 * datagrams are held until there is no room, then counted and lost. Before the end, what senders have written is read.
 */
@Injectable()
export class SyslogListener implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('syslog');
  private readonly servers: Server[] = [];
  private readonly sockets = new Set<Socket>();
  /** The TCP connections that the sockets read from; with TLS, those that shake hands as well. */
  private readonly connections = new Set<Socket>();
  private udp: UdpSocket | null = null;
  private readonly ports = new Map<SyslogTransport, number>();
  private pending: ReceivedRecord[] = [];
  private pendingBytes = 0;
  private appending: Promise<void> | null = null;
  private paused = false;
  private stopping = false;
  private lastRead = 0;
  /** The source of the configuration was there when it was last looked for. */
  private known = false;

  constructor(
    @Inject(Ingest) private readonly ingest: Ingest,
    @Inject(Sources) private readonly sources: Sources,
    @Inject(SourceRefusals) private readonly refusals: SourceRefusals,
    @Inject(Metrics) private readonly metrics: Metrics,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Where it listens; undefined where it does not. */
  port(transport: SyslogTransport): number | undefined {
    return this.ports.get(transport);
  }

  async onApplicationBootstrap(): Promise<void> {
    const { config } = this;
    if (config.ROLE === 'worker') return;
    if (config.SYSLOG_TCP_PORT !== undefined) {
      await this.listen(
        'tcp',
        createServer((socket) => this.take(socket, 'tcp')),
        config.SYSLOG_TCP_PORT,
      );
    }
    if (config.SYSLOG_TLS_PORT !== undefined) {
      const authorities = config.SYSLOG_TLS_CA_FILE;
      const options = {
        cert: readFileSync(config.SYSLOG_TLS_CERT_FILE ?? ''),
        key: readFileSync(config.SYSLOG_TLS_KEY_FILE ?? ''),
        // With authorities, senders have to show a certificate of theirs.
        ...(authorities === undefined
          ? {}
          : { ca: readFileSync(authorities), requestCert: true, rejectUnauthorized: true }),
      };
      await this.listen(
        'tls',
        createTlsServer(options, (socket) => this.take(socket, 'tls')),
        config.SYSLOG_TLS_PORT,
      );
    }
    if (config.SYSLOG_UDP_PORT !== undefined) await this.listenForDatagrams(config.SYSLOG_UDP_PORT);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    for (const server of this.servers.splice(0)) server.close();
    await this.drain();
    this.udp?.close();
    this.udp = null;
    await this.appending;
  }

  /** Tells the senders that no more is taken, reads what they have written until then, and hangs up. */
  private async drain(): Promise<void> {
    for (const socket of this.sockets) socket.end();
    this.lastRead = Date.now();
    for (const deadline = Date.now() + drainMilliseconds; this.sockets.size > 0;) {
      const now = Date.now();
      if (now > deadline || now - this.lastRead > quietMilliseconds) break;
      await delay(10);
    }
    // A sender that has not noticed the end learns it from a reset at its next write; after a mere close, that write would seem to succeed.
    for (const connection of this.connections) connection.resetAndDestroy();
  }

  private async listen(transport: SyslogTransport, server: Server, port: number): Promise<void> {
    server.on('connection', (connection: Socket) => {
      this.connections.add(connection);
      connection.on('close', () => this.connections.delete(connection));
    });
    server.listen(port, this.config.SYSLOG_HOST);
    await once(server, 'listening');
    this.servers.push(server);
    server.on('error', (error) => this.logger.error(error));
    this.ports.set(transport, (server.address() as AddressInfo).port); // a listening TCP server has one
  }

  private async listenForDatagrams(port: number): Promise<void> {
    const socket = createSocket(this.config.SYSLOG_HOST.includes(':') ? 'udp6' : 'udp4');
    this.udp = socket;
    const listener = randomBytes(6).toString('hex');
    let number = 0;
    socket.on('error', (error) => this.logger.error(error));
    socket.on('message', (datagram, { address }) => {
      if (this.pendingBytes > fullBytes) {
        this.metrics.countLostDatagram();
        if (this.known) this.refusals.count(this.config.SYSLOG_SOURCE ?? '', 'no_room', 1);
        return;
      }
      const raw = trimmed(datagram);
      if (raw.length > 0) this.add([{ raw }], { transport: 'udp', peer: address, of: listener, number: number++ });
    });
    socket.bind(port, this.config.SYSLOG_HOST);
    await once(socket, 'listening');
    this.ports.set('udp', socket.address().port);
  }

  private take(socket: Socket, transport: SyslogTransport): void {
    const frames = new SyslogFrames(this.config.INGEST_MAX_RECORD_BYTES);
    const peer = socket.remoteAddress ?? 'unknown';
    const connection = randomBytes(6).toString('hex');
    let number = 0;
    const add = (found: ReturnType<SyslogFrames['push']>): void => {
      this.add(found, { transport, peer, of: connection, number });
      number += found.length;
    };
    this.sockets.add(socket);
    if (this.paused) socket.pause();
    socket.on('data', (chunk: Buffer) => {
      this.lastRead = Date.now();
      add(frames.push(chunk));
    });
    socket.on('end', () => add(frames.end()));
    // A connection that breaks is the sender's to open again.
    socket.on('error', () => {});
    socket.on('close', () => this.sockets.delete(socket));
  }

  private add(
    found: readonly Pick<ReceivedRecord, 'raw' | 'problem'>[],
    by: { readonly transport: SyslogTransport; readonly peer: string; readonly of: string; readonly number: number },
  ): void {
    for (const [at, frame] of found.entries()) {
      // The place in the connection tells equal messages apart: syslog never sends one again.
      const message = `${by.of}/${by.number + at}`;
      const attributes = { protocol: 'syslog', transport: by.transport, peer: by.peer, message };
      this.pending.push({ ...frame, context: { attributes } });
      this.pendingBytes += frame.raw.length + 200;
    }
    if (this.pendingBytes > fullBytes) this.pause();
    if (this.pending.length > 0) this.appending ??= this.appendPending();
  }

  private async appendPending(): Promise<void> {
    try {
      if (this.pending.length < mostPerAppend) await delay(gatherMilliseconds);
      while (this.pending.length > 0) {
        const records = this.pending.slice(0, mostPerAppend);
        if (await this.append(records)) {
          this.pending = this.pending.slice(records.length);
          this.pendingBytes -= records.reduce((sum, { raw }) => sum + raw.length + 200, 0);
          if (this.pendingBytes < emptiedBytes) this.resume();
        } else if (this.stopping) {
          this.logger.error(`${this.pending.length} syslog messages could not be stored before the end`);
          return;
        } else {
          await delay(retryMilliseconds);
        }
      }
    } finally {
      this.appending = null;
    }
  }

  private async append(records: readonly ReceivedRecord[]): Promise<boolean> {
    try {
      const name = this.config.SYSLOG_SOURCE ?? '';
      const source = await this.sources.find(name);
      this.known = source !== null;
      if (source === null) {
        this.pause();
        this.logger.error(`SYSLOG_SOURCE names the source "${name}", which is not there; create it`);
        return false;
      }
      await this.ingest.take(source, { records }, 'index');
      return true;
    } catch (error) {
      this.pause();
      this.logger.warn(`syslog messages wait: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  }

  private pause(): void {
    this.paused = true;
    for (const socket of this.sockets) socket.pause();
  }

  private resume(): void {
    if (!this.paused) return;
    this.paused = false;
    for (const socket of this.sockets) socket.resume();
  }
}
