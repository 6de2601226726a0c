/** What a snippet is filled in with. */
export interface ConnectValues {
  /** Where senders reach the service, without a slash at the end. */
  readonly url: string;
  readonly source: string;
  readonly token: string;
  /** Port of the syslog listener. */
  readonly syslogPort: number;
}

/** How one client is set up to send to a source: the same text as in the documentation. */
export interface ConnectSnippet {
  readonly id: string;
  readonly title: string;
  /** Under docs/connect. */
  readonly doc: string;
  /** What has to be known before it works; null where nothing. */
  readonly note: string | null;
  /** `{url}`, `{host}`, `{port}`, `{tls}`, `{https}`, `{source}`, `{token}` and `{syslogPort}` are filled in. */
  readonly text: string;
}

/** Every client with a snippet, in the order shown. What docs/connect says of them is held against this by a test. */
export const connectSnippets: readonly ConnectSnippet[] = [
  {
    id: 'fluent-bit',
    title: 'Fluent Bit',
    doc: 'fluent-bit.md',
    note: 'Keep Retry_Limit: by default a batch is sent again once and then dropped.',
    text: `[OUTPUT]
    Name                  splunk
    Match                 *
    Host                  {host}
    Port                  {port}
    TLS                   {tls}
    Splunk_Token          {token}
    Compress              gzip
    Retry_Limit           no_limits
`,
  },
  {
    id: 'vector',
    title: 'Vector',
    doc: 'vector.md',
    note: null,
    text: `sinks:
  segproof:
    type: splunk_hec_logs
    inputs: [hubble]
    endpoint: {url}
    default_token: {token}
    compression: gzip
    encoding: { codec: json }
    acknowledgements: { enabled: true }
    buffer: { type: disk, max_size: 1073741824, when_full: block }
`,
  },
  {
    id: 'opentelemetry-collector',
    title: 'OpenTelemetry Collector',
    doc: 'opentelemetry-collector.md',
    note: 'The exporter is called otlphttp in older releases.',
    text: `exporters:
  otlp_http/segproof:
    logs_endpoint: {url}/v1/logs
    headers: { Authorization: 'Bearer {token}' }
    compression: gzip
    sending_queue: { enabled: true, storage: file_storage }
    retry_on_failure: { enabled: true, max_elapsed_time: 0 }
extensions:
  file_storage: { directory: /var/lib/otelcol }
service:
  extensions: [file_storage]
  pipelines:
    logs: { receivers: [filelog], exporters: [otlp_http/segproof] }
`,
  },
  {
    id: 'rsyslog',
    title: 'rsyslog',
    doc: 'rsyslog.md',
    note: 'Over the bulk protocol of Elasticsearch, which answers after the commit.',
    text: `module(load="omelasticsearch")
template(name="document" type="list") { constant(value="{\\"message\\":\\"") property(name="rawmsg" format="json") constant(value="\\"}") }
action(type="omelasticsearch" server="{host}" serverport="{port}" usehttps="{https}"
       uid="segproof" pwd="{token}" template="document" searchIndex="syslog" searchType="" bulkmode="on"
       queue.type="LinkedList" queue.filename="segproof" queue.maxdiskspace="1g" queue.saveonshutdown="on"
       action.resumeRetryCount="-1")
`,
  },
  {
    id: 'syslog-ng',
    title: 'syslog-ng',
    doc: 'syslog-ng.md',
    note: '$RAWMSG needs flags(store-raw-message) on the source.',
    text: `destination d_segproof {
  http(
    url("{url}/ingest/v1/{source}?receipt=index")
    method("POST")
    headers("Authorization: Bearer {token}", "Content-Type: application/x-ndjson")
    body("$RAWMSG")
    delimiter("\\n")
    batch-lines(500) batch-timeout(1000)
    retries(100000)
    disk-buffer(disk-buf-size(1073741824) reliable(yes) dir("/var/lib/syslog-ng"))
  );
};
log { source(s_network); destination(d_segproof); };
`,
  },
  {
    id: 'kubernetes-audit',
    title: 'kube-apiserver',
    doc: 'kubernetes-audit.md',
    note: 'The file that --audit-webhook-config-file names. Policy objects need the audit level RequestResponse.',
    text: `apiVersion: v1
kind: Config
clusters:
  - name: segproof
    cluster: { server: '{url}/k8s/audit/{source}' }
users:
  - name: apiserver
    user: { token: {token} }
contexts:
  - name: default
    context: { cluster: segproof, user: apiserver }
current-context: default
`,
  },
  {
    id: 'splunk',
    title: 'Splunk heavy forwarder',
    doc: 'splunk.md',
    note: 'outputs.conf; a copy of what Splunk itself receives.',
    text: `[httpout]
httpEventCollectorToken = {token}
uri = {url}
`,
  },
  {
    id: 'sentinel',
    title: 'Microsoft Sentinel',
    doc: 'sentinel.md',
    note: 'An automation rule that runs a Logic App on every incident, with the action HTTP.',
    text: `| Method | POST |
| URI | \`{url}/hooks/{source}\` |
| Headers | \`Authorization\`: \`Bearer {token}\` (from a Key Vault) |
| Body | \`@{triggerBody()}\` |
`,
  },
  {
    id: 'illumio',
    title: 'Illumio PCE',
    doc: 'illumio.md',
    note: 'Settings > Event Settings > Add. The syslog listener feeds the source that SYSLOG_SOURCE names; it knows no token.',
    text: `| Protocol | TCP, with TLS |
| Address, port | \`{host}\`, {syslogPort} |
| Format | JSON |
| Events | auditable events, system events; traffic events: allowed, potentially blocked, blocked |
`,
  },
  {
    id: 'alertmanager',
    title: 'Prometheus Alertmanager',
    doc: 'alertmanager.md',
    note: 'The file holds the token alone.',
    text: `receivers:
  - name: segproof
    webhook_configs:
      - url: {url}/hooks/{source}
        send_resolved: true
        max_alerts: 0
        http_config:
          authorization: { type: Bearer, credentials_file: /etc/alertmanager/segproof-token }
route:
  routes:
    - receiver: segproof
      continue: true
`,
  },
];

/** The snippet with its values in place. */
export function filledIn({ text }: Pick<ConnectSnippet, 'text'>, values: ConnectValues): string {
  const [, scheme, host = '', port] = /^(https?):\/\/(\[[^\]]*\]|[^:/]*)(?::(\d+))?/u.exec(values.url) ?? [];
  const isTls = scheme === 'https';
  const parts: Readonly<Record<string, string>> = {
    url: values.url,
    host,
    port: port ?? (isTls ? '443' : '80'),
    tls: isTls ? 'On' : 'Off',
    https: isTls ? 'on' : 'off',
    source: values.source,
    token: values.token,
    syslogPort: String(values.syslogPort),
  };
  return text.replaceAll(/\{([a-zA-Z]+)\}/gu, (whole, name: string) => parts[name] ?? whole);
}
