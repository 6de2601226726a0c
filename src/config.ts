import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { packageRoot } from './package-root.js';

/**
 * Configuration, read once from the environment at start. Wrong values stop the start with the
 * variable's name; nothing else in the program reads the environment.
 */

const port = z.coerce.number().int().min(0).max(65535);
const bytes = z.coerce.number().int().positive();
const postgresUrl = z.url({
  protocol: /^postgres(ql)?$/,
  error: 'a URL like postgres://user:password@host:5432/database is needed',
});

const Environment = z.object({
  /** Owner's connection: migrations, and making the service's own login when DATABASE_SERVICE_URL is not given. Without it the service starts its own PostgreSQL. */
  DATABASE_URL: postgresUrl.optional(),
  /** Connection of the service's restricted role; skips making one. */
  DATABASE_SERVICE_URL: postgresUrl.optional(),
  /** Redis or Valkey for jobs; without it jobs run on PostgreSQL. */
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'a URL like redis://host:6379 is needed' }).optional(),
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: port.default(8080),
  /** How users reach the service; used in links. */
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** `all` serves HTTP, follows the log and runs jobs; `api` only serves; `worker` only follows and runs jobs. */
  ROLE: z.enum(['all', 'api', 'worker']).default('all'),
  DATA_DIR: z.string().min(1).default(join(packageRoot, 'data')),
  /** Ed25519 private key (PEM, PKCS#8); made under DATA_DIR on first start when not given. */
  SIGNING_KEY_FILE: z.string().min(1).optional(),
  /** Key that turns what is redacted into tokens (32 bytes in base64); made under DATA_DIR when not given. The same for all processes. */
  REDACTION_KEY_FILE: z.string().min(1).optional(),
  /** Folder in which the signer remembers what it signed last; beside the key when not given. Must outlast the database and be out of its reach. */
  SIGNING_STATE_DIR: z.string().min(1).optional(),
  /** Key (32 bytes, base64) that seals secrets of webhooks in the database; made under DATA_DIR when first needed and not given. All processes need the same. */
  SECRETS_KEY_FILE: z.string().min(1).optional(),
  /** Name of the log in checkpoints, e.g. `audit.example.com/segproof`; fixed at first start. */
  LOG_ORIGIN: z
    .string()
    .regex(/^[^\s+]{1,200}$/u, 'no white space and no "+"')
    .optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  DATABASE_POOL_SIZE: z.coerce.number().int().min(4).max(200).default(12),
  INGEST_MAX_BODY_BYTES: bytes.default(20 * 1024 * 1024),
  INGEST_MAX_INFLATED_BYTES: bytes.default(128 * 1024 * 1024),
  /** Bytes of ingest bodies held in memory at once; above it senders get 503 with Retry-After. */
  INGEST_MAX_IN_FLIGHT_BYTES: bytes.default(512 * 1024 * 1024),
  INGEST_MAX_RECORD_BYTES: bytes.default(4 * 1024 * 1024),
  /** Bytes of one request of kube-apiserver's audit webhook, which is taken piece by piece while it arrives. */
  INGEST_MAX_STREAM_BYTES: bytes.default(2 * 1024 * 1024 * 1024),
  /** Takes the token of a source in the query (`?token=`) too, for senders that cannot set a header. It then stands in the logs of whatever is in between. */
  INGEST_QUERY_TOKENS: z.stringbool().default(false),
  /** Source that syslog messages are of; needed with any of the ports. */
  SYSLOG_SOURCE: z.string().min(1).optional(),
  SYSLOG_HOST: z.string().min(1).default('0.0.0.0'),
  SYSLOG_TCP_PORT: port.optional(),
  SYSLOG_UDP_PORT: port.optional(),
  /** Syslog over TLS (RFC 5425): needs certificate and key (PEM). */
  SYSLOG_TLS_PORT: port.optional(),
  SYSLOG_TLS_CERT_FILE: z.string().min(1).optional(),
  SYSLOG_TLS_KEY_FILE: z.string().min(1).optional(),
  /** Authorities (PEM) of one of which senders over TLS must show a certificate. */
  SYSLOG_TLS_CA_FILE: z.string().min(1).optional(),
  /** Splunk HEC: gives requests with a channel an id, and says when they are committed. */
  HEC_ACKS: z.stringbool().default(true),
  SESSION_HOURS: z.coerce
    .number()
    .positive()
    .max(24 * 30)
    .default(12),
  /** Cookies only over HTTPS. */
  SECURE_COOKIES: z.stringbool().default(false),
  /** Bearer token with which Prometheus may read /metrics; without it, signed-in users may. */
  METRICS_TOKEN: z.string().min(16, 'at least 16 characters').optional(),
  /** Lets everybody read checkpoints, tiles, entry bundles and proof files; they hold no payloads. */
  LOG_READ_PUBLIC: z.stringbool().default(false),
  /** Witnesses that cosign checkpoints, and how many of them must: a file in C2SP tlog-policy form. */
  WITNESS_POLICY_FILE: z.string().min(1).optional(),
  /** Folder, best on append-only storage, that gets a copy of every kept checkpoint. */
  ANCHOR_DIR: z.string().min(1).optional(),
  /** URL that the newest checkpoint is posted to. */
  ANCHOR_WEBHOOK_URL: z.url({ protocol: /^https?$/, error: 'a URL like https://host/path is needed' }).optional(),
  CHECKPOINT_SECONDS: z.coerce.number().int().min(1).max(3600).default(1),
  /** How often the whole log is verified. */
  FSCK_MINUTES: z.coerce.number().int().min(1).default(60),
  /** How often what is new since the last verification is verified. */
  FSCK_NEW_SECONDS: z.coerce.number().int().min(1).default(300),
  /** How often is looked for what needs a person: gaps, drift, violations, hygiene. */
  FINDINGS_SECONDS: z.coerce.number().int().min(1).default(60),
});

export interface Config extends Omit<z.infer<typeof Environment>, 'DATABASE_URL' | 'DATABASE_SERVICE_URL'> {
  readonly DATABASE_URL: string | undefined;
  readonly DATABASE_SERVICE_URL: string | undefined;
  readonly VERSION: string;
}

/** A variable has a value that cannot be used. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Parses the environment; empty values count as absent.
 * @throws ConfigError naming each wrong variable and what was expected.
 */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = Environment.safeParse(given);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new ConfigError(`The configuration is not valid:\n${lines.join('\n')}`);
  }
  const { SYSLOG_TCP_PORT: tcp, SYSLOG_UDP_PORT: udp, SYSLOG_TLS_PORT: tls } = parsed.data;
  if ((tcp ?? udp ?? tls) !== undefined && parsed.data.SYSLOG_SOURCE === undefined) {
    throw new ConfigError(
      'The configuration is not valid:\n  SYSLOG_SOURCE: the name of a source is needed with SYSLOG_*_PORT',
    );
  }
  if (
    tls !== undefined &&
    (parsed.data.SYSLOG_TLS_CERT_FILE === undefined || parsed.data.SYSLOG_TLS_KEY_FILE === undefined)
  ) {
    throw new ConfigError(
      'The configuration is not valid:\n  SYSLOG_TLS_PORT: needs SYSLOG_TLS_CERT_FILE and SYSLOG_TLS_KEY_FILE',
    );
  }
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')));
  return {
    ...parsed.data,
    DATABASE_URL: parsed.data.DATABASE_URL,
    DATABASE_SERVICE_URL: parsed.data.DATABASE_SERVICE_URL,
    VERSION: version,
  };
}

/** Injection token of the configuration. */
export const CONFIG = Symbol('config');
