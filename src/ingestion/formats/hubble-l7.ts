import { integerOf, type JsonObject, type JsonValue, objectOf, textOf, textsOf, unsignedOf } from './json-value.js';

/** What a layer-7 access log entry says, without what may hold secrets. */
export interface Layer7 {
  /** For the normal form's attributes. */
  readonly attribute: { readonly [key: string]: JsonValue };
  /** For the summary: `GET http://ratings:9080/ratings/0 200`. */
  readonly text: string | null;
  /** A query string or credentials were left out of a URL. */
  readonly redacted: boolean;
}

/**
 * Reads `flow.l7`: HTTP, DNS or Kafka. Headers are left out, and of a URL the credentials, query
 * and fragment, because they carry tokens; the raw bytes keep them.
 */
export function readLayer7(l7: JsonObject): Layer7 {
  const attribute: Record<string, JsonValue> = {};
  let text: string | null = null;
  let redacted = false;
  keep(attribute, 'type', textOf(l7.type));
  keep(attribute, 'latencyNs', unsignedOf(l7.latency_ns));

  const http = objectOf(l7.http);
  const dns = objectOf(l7.dns);
  const kafka = objectOf(l7.kafka);
  if (http !== null) {
    const method = textOf(http.method);
    const code = integerOf(http.code);
    const given = textOf(http.url);
    const url = given === null ? null : withoutSecrets(given);
    redacted = url !== given;
    attribute.http = present({ method, code, url, protocol: textOf(http.protocol) });
    text = [method, url, code].filter((part) => part !== null).join(' ');
  } else if (dns !== null) {
    const query = textOf(dns.query);
    const rcode = integerOf(dns.rcode);
    attribute.dns = present({ query, rcode, qtypes: textsOf(dns.qtypes), ips: textsOf(dns.ips) });
    text = `DNS ${query ?? ''}`;
  } else if (kafka !== null) {
    const apiKey = textOf(kafka.api_key);
    const topic = textOf(kafka.topic);
    attribute.kafka = present({ apiKey, topic, errorCode: integerOf(kafka.error_code) });
    text = `Kafka ${apiKey ?? ''} ${topic ?? ''}`;
  }
  return { attribute, text: text === null ? null : text.trim(), redacted };
}

function withoutSecrets(url: string): string {
  return url.replace(/[?#].*$/s, '').replace(/^([a-z][a-z0-9+.-]*:)?\/\/[^/]*@/i, '$1//');
}

function present(fields: { readonly [key: string]: JsonValue }): JsonValue {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0)),
  );
}

function keep(target: Record<string, JsonValue>, key: string, value: JsonValue): void {
  if (value !== null) target[key] = value;
}
