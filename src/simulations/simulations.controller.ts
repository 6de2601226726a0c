import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, SerializeOptions } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CurrentActor, Needs } from '../access/guard.js';
import type { Actor } from '../context.js';
import { SimulationOutcomes } from './outcomes.js';
import {
  EdgePage,
  EdgeQuery,
  NewSimulation,
  PathPage,
  PathQuery,
  SimulationSummary,
  SimulationView,
} from './simulation.js';
import { Simulations } from './simulations.js';

const ListQuery = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  /** Id of a simulation: only those asked for before it. */
  before: z.uuid().optional(),
});
type ListQuery = z.infer<typeof ListQuery>;

const Cancellation = z.object({ reason: z.string().trim().max(500).default('') }).prefault({});

const SimulationList = z.object({ simulations: z.array(SimulationSummary) });
const Inputs = z.record(z.string(), z.json());

@ApiTags('simulations')
@Controller('api/v1/simulations')
export class SimulationsController {
  constructor(
    @Inject(Simulations) private readonly simulations: Simulations,
    @Inject(SimulationOutcomes) private readonly outcomes: SimulationOutcomes,
  ) {}

  @Post()
  @Needs('simulations.run')
  @HttpCode(202)
  @SerializeOptions({ schema: SimulationView })
  @ApiOperation({ summary: 'Replay a draft, or a change, against recorded flow edges; it runs as a job' })
  async request(
    @CurrentActor() actor: Actor,
    @Body({ schema: NewSimulation }) input: NewSimulation,
  ): Promise<SimulationView> {
    return await this.simulations.request(actor, input);
  }

  @Get()
  @Needs('simulations.read')
  @SerializeOptions({ schema: SimulationList })
  @ApiOperation({ summary: 'List simulations, newest first' })
  async list(@Query({ schema: ListQuery }) query: ListQuery): Promise<z.infer<typeof SimulationList>> {
    return { simulations: await this.simulations.list({ limit: query.limit, before: query.before ?? null }) };
  }

  @Get(':id')
  @Needs('simulations.read')
  @SerializeOptions({ schema: SimulationView })
  @ApiOperation({ summary: 'One simulation: its progress or its result' })
  async get(@Param('id') id: string): Promise<SimulationView> {
    return await this.simulations.get(id);
  }

  @Post(':id/cancel')
  @Needs('simulations.run')
  @HttpCode(200)
  @SerializeOptions({ schema: SimulationView })
  @ApiOperation({ summary: 'Cancel a simulation that waits or runs' })
  async cancel(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body({ schema: Cancellation }) { reason }: z.infer<typeof Cancellation>,
  ): Promise<SimulationView> {
    return await this.simulations.cancel(actor, id, reason);
  }

  @Get(':id/edges')
  @Needs('simulations.read')
  @SerializeOptions({ schema: EdgePage })
  @ApiOperation({ summary: 'The edges behind a figure, each with what decides before and after' })
  async edges(@Param('id') id: string, @Query({ schema: EdgeQuery }) query: EdgeQuery): Promise<EdgePage> {
    await this.simulations.get(id);
    return await this.outcomes.edges(id, query);
  }

  @Get(':id/paths')
  @Needs('simulations.read')
  @SerializeOptions({ schema: PathPage })
  @ApiOperation({ summary: 'Paths that the draft opens, closes or changes, used or not' })
  async paths(@Param('id') id: string, @Query({ schema: PathQuery }) query: PathQuery): Promise<PathPage> {
    await this.simulations.get(id);
    return await this.outcomes.paths(id, query);
  }

  @Get(':id/inputs')
  @Needs('simulations.read')
  @SerializeOptions({ schema: Inputs })
  @ApiOperation({ summary: 'What it was run on, for running it again elsewhere' })
  async inputs(@Param('id') id: string): Promise<unknown> {
    await this.simulations.get(id);
    return await this.outcomes.inputs(id);
  }
}
