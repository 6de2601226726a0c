import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put, Query, SerializeOptions } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CurrentActor, Needs } from '../access/guard.js';
import type { Actor } from '../context.js';
import { Policies, PolicyVersion } from './policies.js';
import { DiffQuery, PolicyDiff, PolicyDiffs, PolicyDraft } from './policy-diffs.js';
import { keyOfPath, PolicyPath } from './policy-path.js';
import { PolicyRegister } from './register/register.js';
import { PolicyEntry, PolicyLine, RegisterQuery } from './register/register-view.js';
import { Stewardship } from './register/stewardship.js';
import { PolicyTemplate, PolicyTemplates } from './templates.js';

const PolicyList = z.object({ policies: z.array(PolicyLine) });
const PolicyVersionList = z.object({ versions: z.array(PolicyVersion) });
const TemplateList = z.object({ templates: z.array(PolicyTemplate) });
const RulePath = PolicyPath.extend({
  digest: z.string().regex(/^[0-9a-f]{64}$/u, 'the digest of a rule, 64 hex digits'),
});
type RulePath = z.infer<typeof RulePath>;

const place = ':system/:kind/:namespace/:name';

@ApiTags('policies')
@Controller('api/v1/policies')
export class PoliciesController {
  constructor(
    @Inject(Policies) private readonly policies: Policies,
    @Inject(PolicyRegister) private readonly register: PolicyRegister,
    @Inject(PolicyDiffs) private readonly diffs: PolicyDiffs,
    @Inject(PolicyTemplates) private readonly templates: PolicyTemplates,
  ) {}

  @Get()
  @Needs('policies.read')
  @SerializeOptions({ schema: PolicyList })
  @ApiOperation({ summary: 'List policies: their latest version, who answers for them, and what is overdue' })
  async list(@Query({ schema: RegisterQuery }) query: RegisterQuery): Promise<z.infer<typeof PolicyList>> {
    return { policies: await this.register.list(query) };
  }

  @Get('templates')
  @Needs('policies.read')
  @SerializeOptions({ schema: TemplateList })
  @ApiOperation({ summary: 'List templates of intents and where they are used' })
  async templateList(): Promise<z.infer<typeof TemplateList>> {
    return { templates: await this.templates.list() };
  }

  @Post('diff')
  @HttpCode(200)
  @Needs('policies.read')
  @SerializeOptions({ schema: PolicyDiff })
  @ApiOperation({ summary: 'What a draft would open and close against what is in force; nothing is stored' })
  async draft(@Body({ schema: PolicyDraft }) draft: PolicyDraft): Promise<PolicyDiff> {
    return await this.diffs.draft(draft);
  }

  @Get(place)
  @Needs('policies.read')
  @SerializeOptions({ schema: PolicyVersionList })
  @ApiOperation({ summary: 'Versions of a policy, newest first; "-" stands for the namespace of cluster-wide ones' })
  async versions(@Param({ schema: PolicyPath }) path: PolicyPath): Promise<z.infer<typeof PolicyVersionList>> {
    return { versions: await this.policies.versions(keyOfPath(path)) };
  }

  @Get(`${place}/diff`)
  @Needs('policies.read')
  @SerializeOptions({ schema: PolicyDiff })
  @ApiOperation({ summary: 'What changed between two versions: paths opened and closed, rules in words' })
  async diff(
    @Param({ schema: PolicyPath }) path: PolicyPath,
    @Query({ schema: DiffQuery }) query: DiffQuery,
  ): Promise<PolicyDiff> {
    return await this.diffs.between(keyOfPath(path), query);
  }

  @Get(`${place}/register`)
  @Needs('policies.read')
  @SerializeOptions({ schema: PolicyEntry })
  @ApiOperation({ summary: 'Owner, reason, expiry, review and labels of a policy and of each of its rules' })
  async entry(@Param({ schema: PolicyPath }) path: PolicyPath): Promise<PolicyEntry> {
    return await this.register.get(keyOfPath(path));
  }

  @Put(`${place}/register`)
  @Needs('policies.manage')
  @SerializeOptions({ schema: PolicyEntry })
  @ApiOperation({ summary: 'Set what the register says of a policy; what is left out is taken back' })
  async set(
    @CurrentActor() actor: Actor,
    @Param({ schema: PolicyPath }) path: PolicyPath,
    @Body({ schema: Stewardship }) input: Stewardship,
  ): Promise<PolicyEntry> {
    return await this.register.set(actor, keyOfPath(path), null, input);
  }

  @Put(`${place}/register/rules/:digest`)
  @Needs('policies.manage')
  @SerializeOptions({ schema: PolicyEntry })
  @ApiOperation({ summary: 'Set what the register says of one rule, by its digest' })
  async setRule(
    @CurrentActor() actor: Actor,
    @Param({ schema: RulePath }) path: RulePath,
    @Body({ schema: Stewardship }) input: Stewardship,
  ): Promise<PolicyEntry> {
    return await this.register.set(actor, keyOfPath(path), path.digest, input);
  }
}
