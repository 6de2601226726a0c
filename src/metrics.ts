import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What operators watch, in Prometheus text form. */
@Injectable()
export class Metrics {
  readonly registry = new Registry();

  private readonly records = new Counter({
    name: 'segproof_ingest_records_total',
    help: 'Records by source and outcome',
    labelNames: ['source', 'outcome'],
    registers: [this.registry],
  });

  private readonly refused = new Counter({
    name: 'segproof_ingest_refused_total',
    help: 'What was sent and not taken, by source and reason; a request refused as a whole counts as one',
    labelNames: ['source', 'reason'],
    registers: [this.registry],
  });

  readonly sourceLastReceived = new Gauge({
    name: 'segproof_source_last_received_timestamp_seconds',
    help: 'When a source was last heard, by the clock of the service, in seconds since 1970',
    labelNames: ['source'],
    registers: [this.registry],
  });

  readonly sourceLag = new Gauge({
    name: 'segproof_source_lag_seconds',
    help: 'Receipt less event time of the records of the last hours a source was heard in',
    labelNames: ['source', 'quantile'],
    registers: [this.registry],
  });

  readonly sourceClockAhead = new Gauge({
    name: 'segproof_source_clock_ahead_seconds',
    help: 'How far the clock of a source runs ahead at least; 0 where nothing came before its time',
    labelNames: ['source'],
    registers: [this.registry],
  });

  private readonly refusedWebhooks = new Counter({
    name: 'segproof_webhook_refused_total',
    help: 'Webhooks refused for their signature, by source',
    labelNames: ['source'],
    registers: [this.registry],
  });

  private readonly lostDatagrams = new Counter({
    name: 'segproof_syslog_datagrams_lost_total',
    help: 'Syslog datagrams that found no room and are lost',
    registers: [this.registry],
  });

  readonly requests = new Histogram({
    name: 'segproof_http_request_duration_seconds',
    help: 'HTTP requests by method, route and status',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [this.registry],
  });

  readonly logSize = new Gauge({ name: 'segproof_log_size', help: 'Entries in the log', registers: [this.registry] });

  readonly followerLag = new Gauge({
    name: 'segproof_follower_lag_entries',
    help: 'Entries a follower has not taken yet',
    labelNames: ['follower'],
    registers: [this.registry],
  });

  readonly verificationAge = new Gauge({
    name: 'segproof_log_verification_age_seconds',
    help: 'Seconds since the last verification of the whole log',
    registers: [this.registry],
  });

  readonly verificationProblems = new Gauge({
    name: 'segproof_log_verification_problems',
    help: 'Problems the last verification of the log found, of the whole of it or of what was new',
    registers: [this.registry],
  });

  readonly signingStopped = new Gauge({
    name: 'segproof_log_signing_stopped',
    help: '1 while nothing is signed and an operator has to decide',
    registers: [this.registry],
  });

  readonly verificationTime = new Gauge({
    name: 'segproof_log_verification_timestamp_seconds',
    help: 'When the log was last verified, in seconds since 1970: the whole of it, or what was new',
    labelNames: ['kind'],
    registers: [this.registry],
  });

  readonly verificationSeconds = new Gauge({
    name: 'segproof_log_verification_duration_seconds',
    help: 'How long the last verification took',
    labelNames: ['kind'],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  countLostDatagram(): void {
    this.lostDatagrams.inc();
  }

  countRefused(source: string, reason: string, records: number): void {
    this.refused.inc({ source, reason }, records);
  }

  countRefusedWebhook(source: string): void {
    this.refusedWebhooks.inc({ source });
  }

  countIngest(
    source: string,
    counts: {
      readonly appended: number;
      readonly duplicate: number;
      readonly conflict: number;
      readonly rejected: number;
    },
  ): void {
    for (const outcome of ['appended', 'duplicate', 'conflict', 'rejected'] as const) {
      if (counts[outcome] > 0) this.records.inc({ source, outcome }, counts[outcome]);
    }
  }
}
