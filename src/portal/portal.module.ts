import { Module, type MiddlewareConsumer, type NestModule } from '@nestjs/common';
import { urlencoded } from 'express';
import { ApiReferenceController } from './api-reference.controller.js';
import { AssetsController } from './assets.controller.js';
import { ChangePagesController } from './changes.controller.js';
import { ControlPagesController } from './controls.controller.js';
import { ErasurePagesController } from './erasures.controller.js';
import { FindingPagesController } from './findings.controller.js';
import { FigurePagesController } from './figures.controller.js';
import { HomeController } from './home.controller.js';
import { IncidentPagesController } from './incident.controller.js';
import { IntegrityPagesController } from './integrity.controller.js';
import { PhasePagesController } from './phases.controller.js';
import { PolicyPagesController } from './policies.controller.js';
import { PolicyRegisterPagesController } from './policy-register.controller.js';
import { ProblemPages } from './problem-pages.js';
import { ChangeList } from './read/change-list.js';
import { FlowVolume } from './read/flow-volume.js';
import { LatestAssessment } from './read/latest-assessment.js';
import { PolicyMatches } from './read/policy-matches.js';
import { PolicyObjects } from './read/policy-objects.js';
import { QuarantinedRecords } from './read/quarantined-records.js';
import { ReportTotals } from './read/report-totals.js';
import { SegmentEstate } from './read/segment-estate.js';
import { SourceActivity } from './read/source-activity.js';
import { RecordPagesController } from './records.controller.js';
import { ReportPagesController } from './reports.controller.js';
import { QuarantinePagesController } from './quarantine.controller.js';
import { RetentionPagesController } from './retention.controller.js';
import { SegmentPagesController } from './segments.controller.js';
import { Shells } from './shell.js';
import { SimulationPagesController } from './simulations.controller.js';
import { SignInController } from './sign-in.controller.js';
import { SourcePagesController } from './sources.controller.js';

/** The pages. They call the same use cases as the API; what only they ask for is read in `read/`. */
@Module({
  controllers: [
    AssetsController,
    SignInController,
    HomeController,
    RecordPagesController,
    FindingPagesController,
    ChangePagesController,
    SimulationPagesController,
    PolicyPagesController,
    PolicyRegisterPagesController,
    SegmentPagesController,
    PhasePagesController,
    FigurePagesController,
    IncidentPagesController,
    SourcePagesController,
    ControlPagesController,
    ReportPagesController,
    IntegrityPagesController,
    RetentionPagesController,
    QuarantinePagesController,
    ErasurePagesController,
    ApiReferenceController,
  ],
  providers: [
    Shells,
    ProblemPages,
    ChangeList,
    FlowVolume,
    LatestAssessment,
    PolicyMatches,
    PolicyObjects,
    QuarantinedRecords,
    ReportTotals,
    SegmentEstate,
    SourceActivity,
  ],
  exports: [ProblemPages],
})
export class PortalModule implements NestModule {
  /** Forms are read where there are some; the largest holds a policy. */
  configure(consumer: MiddlewareConsumer): void {
    consumer
      .apply(urlencoded({ extended: false, limit: '1mb' }))
      .forRoutes(
        SignInController,
        ChangePagesController,
        FindingPagesController,
        SimulationPagesController,
        ReportPagesController,
        IntegrityPagesController,
        RetentionPagesController,
        QuarantinePagesController,
        SourcePagesController,
        ErasurePagesController,
        IncidentPagesController,
        PolicyRegisterPagesController,
        PhasePagesController,
      );
  }
}
