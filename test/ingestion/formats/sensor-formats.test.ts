import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { factOf } from './fixtures.js';

const envoyText = (flags: string, details: string, upstream: string, code = '200'): string =>
  `[2026-02-10T10:00:00.123Z] "GET /items?token=x HTTP/1.1" ${code} ${flags} ${details} - "-" 11 22 3 - "-" "curl" "id-1" "db.shop" "${upstream}" inbound|80|| 127.0.0.6:1 10.0.0.9:80 10.0.0.7:40000 - default`;

describe('Envoy', () => {
  const verdict = (...told: Parameters<typeof envoyText>): string => {
    const { verdict: said, reason } = factOf(envoyText(...told));
    return `${said} ${reason}`;
  };

  it('an answer of the proxy itself is no error, a rate limit no decision, and what reached its upstream was allowed', () => {
    assert.equal(verdict('-', 'direct_response', '-'), 'none direct_response');
    assert.equal(verdict('-', 'direct_response', '-', '301'), 'none direct_response');
    assert.equal(verdict('RL', 'request_rate_limited', '-', '429'), 'none RL');
    assert.equal(verdict('-', 'via_upstream', '10.0.0.9:80', '404'), 'allow null');
    assert.equal(verdict('NR', 'route_not_found', '-', '404'), 'error route_not_found');
    assert.equal(
      verdict('-', 'rbac_access_denied_matched_policy[none]', '-', '403'),
      'deny rbac_access_denied_matched_policy[none]',
    );
  });
});
