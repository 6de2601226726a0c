import { Controller, Get, Inject, Param, SerializeOptions } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Needs } from '../access/guard.js';
import { keyOfPath, PolicyPath } from './policy-path.js';
import { Policies, PolicySummary, PolicyVersion } from './policies.js';

const PolicyList = z.object({ policies: z.array(PolicySummary) });
const PolicyVersionList = z.object({ versions: z.array(PolicyVersion) });

@ApiTags('policies')
@Controller('api/v1/policies')
export class PoliciesController {
  constructor(@Inject(Policies) private readonly policies: Policies) {}

  @Get()
  @Needs('policies.read')
  @SerializeOptions({ schema: PolicyList })
  @ApiOperation({ summary: 'List policies and their latest version' })
  async list(): Promise<z.infer<typeof PolicyList>> {
    return { policies: await this.policies.list() };
  }

  @Get(':system/:kind/:namespace/:name')
  @Needs('policies.read')
  @SerializeOptions({ schema: PolicyVersionList })
  @ApiOperation({ summary: 'Versions of a policy, newest first; "-" stands for the namespace of cluster-wide ones' })
  async versions(@Param({ schema: PolicyPath }) path: PolicyPath): Promise<z.infer<typeof PolicyVersionList>> {
    return { versions: await this.policies.versions(keyOfPath(path)) };
  }
}
