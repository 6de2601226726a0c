import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessController } from './access/access.controller.js';
import { AccessGuard } from './access/guard.js';
import { Sessions } from './access/sessions.js';
import { Users } from './access/users.js';
import { ChangesController } from './changes/changes.controller.js';
import { Changes } from './changes/changes.js';
import { CONFIG } from './config.js';
import { Clock } from './context.js';
import { ControlsController } from './controls/controls.controller.js';
import { Assessments } from './controls/assessments.js';
import { Snapshots } from './controls/snapshot.js';
import { Database } from './database/database.js';
import { ReportsController } from './evidence/reports.controller.js';
import { Reports } from './evidence/reports.js';
import { EstateMaps } from './figures/estate-maps.js';
import { FigureExport } from './figures/export.js';
import { Figures } from './figures/figures.js';
import { FiguresController, IncidentsController } from './figures/figures.controller.js';
import { Fingerprints } from './figures/fingerprints.js';
import { FigureHistory } from './figures/history.js';
import { FigureInputReader } from './figures/inputs.js';
import { FINDERS, type Finder } from './findings/finder.js';
import { FindingsController } from './findings/findings.controller.js';
import { Findings } from './findings/findings.js';
import { FindingsLook } from './findings/look.js';
import type { Ground } from './ground.js';
import { HealthController } from './health.controller.js';
import { RequestBodies } from './ingestion/body.js';
import { Ingest } from './ingestion/ingest.js';
import { RecordReaders } from './ingestion/record-readers.js';
import { SourceRefusals } from './ingestion/refusals.js';
import { RedactionKey } from './ingestion/redaction-key.js';
import { CloudEventsController } from './ingestion/protocols/cloud-events.controller.js';
import { ElasticController } from './ingestion/protocols/elastic.controller.js';
import { FirehoseController } from './ingestion/protocols/firehose.controller.js';
import { HecAcks } from './ingestion/protocols/hec-acks.js';
import { HecController } from './ingestion/protocols/hec.controller.js';
import { HooksController } from './ingestion/protocols/hooks.controller.js';
import { KubernetesAuditController } from './ingestion/protocols/kubernetes-audit.controller.js';
import { LokiController } from './ingestion/protocols/loki.controller.js';
import { OtlpController } from './ingestion/protocols/otlp.controller.js';
import { PubsubController } from './ingestion/protocols/pubsub.controller.js';
import { SnsController } from './ingestion/protocols/sns.controller.js';
import { SyslogListener } from './ingestion/protocols/syslog-listener.js';
import { WebhookController } from './ingestion/protocols/webhook.controller.js';
import { SecretBox } from './ingestion/secret-box.js';
import { SourceBalances } from './ingestion/source-balances.js';
import { SourceHealths } from './ingestion/source-health.js';
import { SourceSecrets } from './ingestion/source-secrets.js';
import { SourcesController } from './ingestion/sources.controller.js';
import { Sources } from './ingestion/sources.js';
import { QuarantineController, RecordsController } from './inventory/records.controller.js';
import { ConflictFinder } from './inventory/conflict-finder.js';
import { Conflicts } from './inventory/conflicts.js';
import { NormalForms } from './inventory/normal-forms.js';
import { Quarantine } from './inventory/quarantine.js';
import { RecordExport } from './inventory/record-export.js';
import { Records } from './inventory/records.js';
import { SegmentsController } from './inventory/segments.controller.js';
import { GapFinder } from './inventory/gap-finder.js';
import { MissingRecordsController } from './inventory/missing-records.controller.js';
import { MissingRecordsRegister } from './inventory/missing-records.js';
import { SilenceFinder } from './inventory/silence-finder.js';
import { Segments } from './inventory/segments.js';
import { Jobs } from './jobs/jobs.js';
import { Anchors } from './log/anchors.js';
import { Checkpoints } from './log/checkpoints.js';
import { Followers } from './log/follower.js';
import { LogController } from './log/log.controller.js';
import { Log } from './log/log.js';
import { LogReader } from './log/read.js';
import { Signing } from './log/signing.js';
import { SigningController } from './log/signing.controller.js';
import { TileReader } from './log/tile-reader.js';
import { TilesController } from './log/tiles.controller.js';
import { VerificationController } from './log/verification.controller.js';
import { Verification } from './log/verification.js';
import { loadWitnessPolicy } from './log/witness/policy-file.js';
import { PublishedCheckpoints, WITNESS_POLICY } from './log/witness/published.js';
import { Contradictions } from './log/witness/contradictions.js';
import { Witnessing } from './log/witness/witnessing.js';
import { Metrics } from './metrics.js';
import { PhaseFactsReader } from './phases/phase-facts.js';
import { PhasesController } from './phases/phases.controller.js';
import { Phases } from './phases/phases.js';
import { PoliciesController } from './policies/policies.controller.js';
import { PolicyEstates } from './policies/estate.js';
import { PolicyDiffs } from './policies/policy-diffs.js';
import { PolicyRegister } from './policies/register/register.js';
import { PolicyTemplates } from './policies/templates.js';
import { Policies } from './policies/policies.js';
import { RecommendationsController } from './policies/recommendations.controller.js';
import { Recommendations } from './policies/recommendations.js';
import { SegmentTraffic } from './policies/segment-traffic.js';
import { PortalModule } from './portal/portal.module.js';
import { Erasures } from './retention/erasures.js';
import { LegalHolds } from './retention/holds.js';
import { RetentionController } from './retention/retention.controller.js';
import { Retention } from './retention/retention.js';
import { RetentionRules } from './retention/rules.js';
import { SimulationOutcomes } from './simulations/outcomes.js';
import { SimulationRun } from './simulations/run.js';
import { SimulationsController } from './simulations/simulations.controller.js';
import { Simulations } from './simulations/simulations.js';

const features: Provider[] = [
  Users,
  Sessions,
  Sources,
  SecretBox,
  SourceSecrets,
  SourceRefusals,
  SourceHealths,
  SourceBalances,
  RequestBodies,
  RecordReaders,
  RedactionKey,
  Ingest,
  HecAcks,
  SyslogListener,
  Segments,
  Records,
  Conflicts,
  NormalForms,
  Quarantine,
  RecordExport,
  Policies,
  PolicyEstates,
  PolicyRegister,
  PolicyDiffs,
  PolicyTemplates,
  SegmentTraffic,
  Recommendations,
  PhaseFactsReader,
  Phases,
  Findings,
  FindingsLook,
  SilenceFinder,
  MissingRecordsRegister,
  GapFinder,
  ConflictFinder,
  {
    provide: FINDERS,
    useFactory: (...finders: Finder[]) => finders,
    inject: [SilenceFinder, GapFinder, ConflictFinder],
  },
  Changes,
  SimulationRun,
  Simulations,
  SimulationOutcomes,
  EstateMaps,
  Fingerprints,
  FigureInputReader,
  Figures,
  FigureHistory,
  FigureExport,
  Snapshots,
  Assessments,
  Reports,
  Checkpoints,
  Verification,
  Signing,
  TileReader,
  PublishedCheckpoints,
  Contradictions,
  Witnessing,
  Anchors,
  RetentionRules,
  LegalHolds,
  Erasures,
  Retention,
];

/** The service's use cases on their ground: exported to the portal, used by the API and the jobs. */
@Module({})
export class UseCasesModule {
  static on(ground: Ground): DynamicModule {
    const standing: Provider[] = [
      { provide: CONFIG, useValue: ground.config },
      { provide: Clock, useValue: ground.clock },
      { provide: Database, useValue: ground.database },
      { provide: Log, useValue: ground.log },
      { provide: LogReader, useValue: new LogReader(ground.database) },
      { provide: Followers, useValue: ground.followers },
      { provide: Jobs, useValue: ground.jobs },
      { provide: Metrics, useValue: ground.metrics },
      { provide: WITNESS_POLICY, useValue: loadWitnessPolicy(ground.config.WITNESS_POLICY_FILE) },
    ];
    return {
      module: UseCasesModule,
      global: true,
      providers: [...standing, ...features],
      exports: [...standing, ...features],
    };
  }
}

@Module({})
export class AppModule {
  static on(ground: Ground): DynamicModule {
    return {
      module: AppModule,
      imports: [UseCasesModule.on(ground), PortalModule],
      controllers: [
        HealthController,
        AccessController,
        WebhookController,
        HecController,
        OtlpController,
        ElasticController,
        KubernetesAuditController,
        HooksController,
        CloudEventsController,
        LokiController,
        FirehoseController,
        PubsubController,
        SnsController,
        SourcesController,
        MissingRecordsController,
        SegmentsController,
        RecordsController,
        QuarantineController,
        FindingsController,
        FiguresController,
        IncidentsController,
        PoliciesController,
        RecommendationsController,
        PhasesController,
        ChangesController,
        SimulationsController,
        ControlsController,
        ReportsController,
        RetentionController,
        LogController,
        SigningController,
        VerificationController,
        TilesController,
      ],
      providers: [{ provide: APP_GUARD, useClass: AccessGuard }],
    };
  }
}
