import { Module } from '@nestjs/common';
import { ProblemPages } from './problem-pages.js';

/** The pages; uses the same use cases as the API. */
@Module({ providers: [ProblemPages], exports: [ProblemPages] })
export class PortalModule {}
