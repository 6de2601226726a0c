import { Injectable } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { Problem } from '../errors.js';

/** Shows problems to browsers as pages. */
@Injectable()
export class ProblemPages {
  /** The page for a problem, or null where the plain problem response says it better. */
  async render(_request: IncomingMessage, _problem: Problem, _requestId: string): Promise<string | null> {
    return await Promise.resolve(null);
  }
}
