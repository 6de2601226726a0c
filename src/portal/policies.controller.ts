import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Needs } from '../access/guard.js';
import { Policies } from '../policies/policies.js';
import { keyOfPath, PolicyPath } from '../policies/policy-path.js';
import { policyKeyText } from '../policies/policy-key.js';
import { PolicyRegister } from '../policies/register/register.js';
import { stewardshipFlags } from '../policies/register/stewardship.js';
import { Problem } from '../errors.js';
import { pageAnswer, seeOther } from './answers.js';
import { fieldText, type Fields } from './forms.js';
import { PoliciesPage } from './pages/policies.js';
import { PolicyPage } from './pages/policy.js';
import { paths } from './paths.js';
import { readCursor, sliceOf } from './read/cursor.js';
import { PolicyMatches } from './read/policy-matches.js';
import { writtenPart } from './read/policy-objects.js';
import { CurrentShell } from './shell.js';
import type { PolicyRow, Shell } from './views.js';

const pageSize = 100;

@ApiExcludeController()
@Controller('policies')
export class PolicyPagesController {
  constructor(
    @Inject(Policies) private readonly policies: Policies,
    @Inject(PolicyRegister) private readonly register: PolicyRegister,
    @Inject(PolicyMatches) private readonly matches: PolicyMatches,
  ) {}

  @Get()
  @Needs('policies.read')
  async list(@CurrentShell() shell: Shell, @Query() query: Fields): Promise<Response> {
    const filters = {
      namespace: fieldText(query, 'namespace'),
      text: fieldText(query, 'text'),
      authorised: ['yes', 'no'].find((value) => value === query['authorised']) ?? null,
      system: fieldText(query, 'system'),
      needs: stewardshipFlags.find((flag) => flag === query['needs']) ?? null,
    };
    const all = await this.rows();
    const text = filters.text?.toLowerCase() ?? '';
    const matching = all.filter(
      (row) =>
        (filters.namespace === null || row.namespace === filters.namespace) &&
        row.name.toLowerCase().includes(text) &&
        (filters.system === null || row.system === filters.system) &&
        (filters.needs === null ||
          row.flags.includes(filters.needs) ||
          (row.rulesFlagged > 0 && ['expired', 'review_overdue'].includes(filters.needs))) &&
        (filters.authorised === null || (row.unauthorisedVersions === 0) === (filters.authorised === 'yes')),
    );
    const cursor = readCursor(fieldText(query, 'cursor'));
    const { rows, paging } = sliceOf(matching, pageSize, cursor, policyKeyText);
    const systems = [...new Set(all.map(({ system }) => system))].sort();
    const namespaces = [...new Set(all.flatMap(({ namespace }) => (namespace === null ? [] : [namespace])))].sort();
    return pageAnswer(PoliciesPage({ shell, filters, systems, namespaces, rows, matching: matching.length, paging }));
  }

  @Get(':system/:kind/:namespace/:name')
  @Needs('policies.read')
  async detail(@CurrentShell() shell: Shell, @Param({ schema: PolicyPath }) path: PolicyPath): Promise<Response> {
    const policy = keyOfPath(path);
    const [versions, judged, entry] = await Promise.all([
      this.policies.versions(policy),
      this.matches.judged({ policy }),
      this.register.get(policy),
    ]);
    const byIndex = new Map(judged.map((one) => [one.version.index, one]));
    return pageAnswer(
      PolicyPage({
        shell,
        entry,
        versions: versions.map(({ version, index, action, author, eventTime, digest, sameMeaning, object }) => ({
          version,
          index,
          action,
          author,
          eventTime,
          digest,
          sameMeaning,
          object: object === null ? null : writtenPart(object),
          authorisedBy: byIndex.get(index)?.authorisedBy ?? null,
          unauthorised: byIndex.get(index)?.unauthorised ?? null,
        })),
      }),
    );
  }

  /** Addresses from before the system was a part of them. */
  @Get(':kind/:namespace/:name')
  @Needs('policies.read')
  async withoutSystem(@Param({ schema: PolicyPath.omit({ system: true }) }) path: PolicyPath): Promise<Response> {
    const { kind, namespace, name } = keyOfPath(path);
    const named = (await this.policies.list()).filter(
      (one) => one.kind === kind && one.namespace === namespace && one.name === name,
    );
    const [only, ...more] = named;
    if (only === undefined) throw new Problem('not_found', `No record shows a ${kind} of this name.`);
    return seeOther(more.length === 0 ? paths.policy(only) : paths.policies({ namespace, text: name }));
  }

  /** All policies, the one that changed last first. */
  private async rows(): Promise<PolicyRow[]> {
    const [policies, judged] = await Promise.all([this.register.list(), this.matches.judged()]);
    const unauthorised = new Map<string, number>();
    for (const { version } of judged.filter((one) => one.unauthorised !== null)) {
      unauthorised.set(policyKeyText(version), (unauthorised.get(policyKeyText(version)) ?? 0) + 1);
    }
    return policies
      .map(({ held, ...policy }) => ({
        ...policy,
        owner: held.owner,
        flags: held.flags,
        unauthorisedVersions: unauthorised.get(policyKeyText(policy)) ?? 0,
      }))
      .sort((a, b) =>
        a.changedAt < b.changedAt ? 1 : a.changedAt > b.changedAt ? -1 : policyKeyText(a) < policyKeyText(b) ? -1 : 1,
      );
  }
}
