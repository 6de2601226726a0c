import { Body, Controller, Delete, Get, HttpCode, Inject, Ip, Post, Req, SerializeOptions } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { Actor } from '../context.js';
import { CurrentActor, Needs, Open, SignedIn, type AuthenticatedRequest } from './guard.js';
import { Sessions, SessionView, SignIn } from './sessions.js';
import { NewUser, Users, UserView } from './users.js';

const UserList = z.object({ users: z.array(UserView) });

@ApiTags('access')
@Controller('api/v1')
export class AccessController {
  constructor(
    @Inject(Sessions) private readonly sessions: Sessions,
    @Inject(Users) private readonly users: Users,
  ) {}

  @Post('sessions')
  @Open()
  @SerializeOptions({ schema: SessionView })
  @ApiOperation({ summary: 'Sign in; the token goes into "Authorization: Bearer"' })
  async signIn(@Body({ schema: SignIn }) input: SignIn, @Ip() address: string): Promise<SessionView> {
    return await this.sessions.signIn(input, address);
  }

  @Delete('sessions/current')
  @SignedIn()
  @HttpCode(204)
  @ApiOperation({ summary: 'Sign out' })
  async signOut(@CurrentActor() actor: Actor, @Req() request: AuthenticatedRequest): Promise<void> {
    if (request.sessionToken !== undefined) await this.sessions.signOut(actor, request.sessionToken);
  }

  @Post('users')
  @Needs('users.manage')
  @SerializeOptions({ schema: UserView })
  @ApiOperation({ summary: 'Create a user' })
  async create(@CurrentActor() actor: Actor, @Body({ schema: NewUser }) input: NewUser): Promise<UserView> {
    return await this.users.create(actor, input);
  }

  @Get('users')
  @Needs('users.manage')
  @SerializeOptions({ schema: UserList })
  @ApiOperation({ summary: 'List users' })
  async list(): Promise<z.infer<typeof UserList>> {
    return { users: await this.users.list() };
  }
}
