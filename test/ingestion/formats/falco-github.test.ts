import { describe, it } from 'node:test';
import assert from 'node:assert/strict';

import { accepted, factOf, refusal } from './fixtures.js';

describe('Falco as text', () => {
  it('has its time where it writes the whole of it, and its priority', () => {
    const fact = factOf('2026-03-01T12:00:00.123456789+0200: Warning Shell in a container (user=root)');
    assert.equal(fact.format, 'falco');
    assert.equal(fact.kind, 'signal');
    assert.equal(fact.eventTime, '2026-03-01T10:00:00.123456789Z');
    assert.equal(fact.severity, 4);
    assert.equal(fact.summary, 'Shell in a container (user=root)');
  });

  it('else that of what carried it', () => {
    const told = '10:00:00.746609046: Notice Shell in a container (user=root)';
    assert.equal(factOf(`<13>1 2026-03-01T10:00:09Z node-a falco - - - ${told}`).eventTime, '2026-03-01T10:00:09Z');
    assert.equal(accepted({ log: `${told}\n`, time: '2026-03-01T10:00:08Z' }).eventTime, '2026-03-01T10:00:08Z');
  });
});

describe('GitHub', () => {
  it('logs who did what in milliseconds', () => {
    const event = {
      actor: 'alice',
      actor_ip: '192.0.2.1',
      org: 'shop',
      repo: 'shop/web',
      created_at: 1772359200123,
      action: 'protected_branch.destroy',
      _document_id: 'd1',
    };
    const fact = accepted(event);
    assert.equal(fact.format, 'github');
    assert.equal(fact.kind, 'admin');
    assert.equal(fact.eventTime, '2026-03-01T10:00:00.123Z');
    assert.equal(fact.nativeId, 'd1');
    assert.equal(fact.actor?.name, 'alice');
    assert.deepEqual(fact.actor.addresses, ['192.0.2.1']);
    assert.equal(fact.summary, 'alice: protected_branch.destroy in shop/web');
    assert.equal(accepted({ ...event, created_at: undefined, '@timestamp': 1772359200123 }).eventTime, fact.eventTime);
    assert.equal(refusal({ action: 'order.paid', actor: 'alice', created_at: 1772359200123 }), 'unknown_format');
  });

  it('hands its alerts out as signals', () => {
    const fact = accepted({
      number: 91,
      created_at: '2026-03-01T10:00:00Z',
      url: 'https://api.github.com/repos/shop/web/code-scanning/alerts/91',
      state: 'open',
      rule: { id: 'js/x', severity: 'error', security_severity_level: 'high', description: 'Injection' },
    });
    assert.equal(`${fact.format} ${fact.kind} ${fact.severityRaw}`, 'github signal high');
    assert.equal(fact.eventTime, '2026-03-01T10:00:00Z');
    assert.equal(fact.summary, 'GitHub code-scanning: Injection in shop/web');
  });

  it('tells without its header that something was pushed or found', () => {
    const around = { repository: { full_name: 'shop/web' }, sender: { login: 'alice' } };
    const pushed = accepted({
      ref: 'refs/heads/main',
      commits: [],
      head_commit: { timestamp: '2026-03-01T10:00:00Z' },
      ...around,
    });
    assert.deepEqual([pushed.kind, pushed.attributes['event']], ['admin', 'push']);
    assert.equal(pushed.eventTime, '2026-03-01T10:00:00Z');
    assert.equal(accepted({ action: 'created', alert: { number: 1 }, ...around }).kind, 'signal');
  });
});
