import { alertmanager } from './alertmanager.js';
import type { Client } from './client.js';
import { curl, logger } from './commands.js';
import { elasticsearch, openTelemetry, syslogClient } from './libraries.js';
import { rsyslogCounted, rsyslogDatagrams, rsyslogElasticsearch, rsyslogLines, rsyslogTls } from './rsyslog.js';
import { splunkLogging, winstonSplunk } from './splunk.js';
import { syslogNgHttp, syslogNgTls } from './syslog-ng.js';
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
  syslogNgHttp,
  syslogNgTls,
  rsyslogElasticsearch,
  rsyslogCounted,
  rsyslogLines,
  rsyslogTls('gtls'),
  rsyslogTls('ossl'),
  rsyslogDatagrams,
  syslogClient,
  logger('tcp', 'rfc5424'),
  logger('tcp', 'rfc5424', true),
  logger('tcp', 'rfc3164'),
  logger('udp', 'rfc5424'),
  logger('udp', 'rfc3164'),
];
