import { Body, Controller, Get, HttpCode, Inject, Post, SerializeOptions } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentActor, Needs } from '../access/guard.js';
import type { Actor } from '../context.js';
import { Resume, Signing, SigningView } from './signing.js';

@ApiTags('log')
@Controller('api/v1/log/signing')
export class SigningController {
  constructor(@Inject(Signing) private readonly signing: Signing) {}

  @Get()
  @Needs('log.read')
  @SerializeOptions({ schema: SigningView })
  @ApiOperation({ summary: 'Whether the log is signed, and if not, why' })
  state(): SigningView {
    return this.signing.state();
  }

  @Post('resume')
  @HttpCode(200)
  @Needs('log.manage')
  @SerializeOptions({ schema: SigningView })
  @ApiOperation({ summary: 'Go on signing after it was stopped; the decision is recorded' })
  async resume(@CurrentActor() actor: Actor, @Body({ schema: Resume }) decision: Resume): Promise<SigningView> {
    return await this.signing.resume(actor, decision);
  }
}
