import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { CONFIG, type Config } from '../../config.js';
import { Clock } from '../../context.js';
import { Assessments, type PresentAssessment } from '../../controls/assessments.js';

/** Older than that, a page waits for a new one. */
const mostAgeMs = 15 * 60_000;
/** Older than that, showing it has it made anew. */
const freshMs = 30_000;
/** Lets the page that asks be drawn before the controls take the processor. */
const afterPageMs = 300;
const afterStartMs = 1000;

/**
 * The latest assessment, for pages that say how old it is: making one takes longer than a page may, so it is made
 * behind the page, and the next one shows it.
 */
@Injectable()
export class LatestAssessment implements OnApplicationBootstrap, OnModuleDestroy {
  private latest: PresentAssessment | null = null;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    @Inject(Assessments) private readonly assessments: Assessments,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.ROLE !== 'worker') this.makeAnew(afterStartMs);
  }

  onModuleDestroy(): void {
    if (this.timer !== null) clearTimeout(this.timer);
  }

  async get(): Promise<PresentAssessment> {
    const age =
      this.latest === null ? Infinity : Math.abs(this.clock.now().getTime() - Date.parse(this.latest.assessedAt));
    if (this.latest === null || age > mostAgeMs) return await this.make();
    if (age > freshMs) this.makeAnew(afterPageMs);
    return this.latest;
  }

  private async make(): Promise<PresentAssessment> {
    this.latest = await this.assessments.present();
    return this.latest;
  }

  private makeAnew(afterMs: number): void {
    if (this.timer !== null) return;
    this.timer = setTimeout(() => {
      // A failure is met, and told, by the page that has to wait for a new one.
      void this.make()
        .catch(() => {})
        .finally(() => {
          this.timer = null;
        });
    }, afterMs);
    this.timer.unref();
  }
}
