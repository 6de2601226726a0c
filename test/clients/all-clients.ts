import type { Client } from './client.js';
import { curl, logger } from './commands.js';
import {
  alertmanager,
  rsyslogCounted,
  rsyslogDatagrams,
  rsyslogElasticsearch,
  rsyslogLines,
  syslogNg,
} from './daemons.js';
import { elasticsearch, openTelemetry, syslogClient } from './libraries.js';
import { splunkLogging, winstonSplunk } from './splunk.js';
import { cloudEvents, octokit, standardWebhooks, svix } from './webhooks.js';

/** Every client that is run against the service, with and without faults. */
export const allClients: readonly Client[] = [
  curl,
  splunkLogging,
  winstonSplunk,
  elasticsearch(false),
  elasticsearch(true),
  openTelemetry('json'),
  openTelemetry('protobuf'),
  cloudEvents('binary'),
  cloudEvents('structured'),
  cloudEvents('batch'),
  standardWebhooks,
  svix,
  octokit,
  alertmanager,
  syslogNg,
  rsyslogElasticsearch,
  rsyslogCounted,
  rsyslogLines,
  rsyslogDatagrams,
  syslogClient,
  logger('tcp', 'rfc5424'),
  logger('tcp', 'rfc5424', true),
  logger('tcp', 'rfc3164'),
  logger('udp', 'rfc5424'),
  logger('udp', 'rfc3164'),
];
