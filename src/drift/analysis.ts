import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { HygieneFinding } from '../policies/hygiene/findings.js';
import type { Policy } from '../policies/model.js';
import type { Topology } from '../policies/simulation/evaluate.js';
import type { Effect, EffectQuestion } from './effect.js';

export interface HygieneQuestion {
  readonly topology: Topology;
  readonly policies: readonly Policy[];
}

export type AnalysisRequest =
  | { readonly kind: 'effect'; readonly question: EffectQuestion }
  | { readonly kind: 'hygiene'; readonly question: HygieneQuestion };

export type AnalysisAnswer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string };

/** Answers are remembered by what was asked, so that a look at an unchanged estate computes nothing. */
const remembered = 100;

/**
 * Computes what is costly about policies in a thread of its own, so that requests go on being answered meanwhile. One
 * question at a time.
 */
@Injectable()
export class Analysis implements OnModuleDestroy {
  private worker: Worker | null = null;
  private queue: Promise<unknown> = Promise.resolve();
  private readonly answers = new Map<string, unknown>();

  async effect(question: EffectQuestion): Promise<Effect> {
    return (await this.ask({ kind: 'effect', question })) as Effect; // What the thread computes for this kind.
  }

  async hygiene(question: HygieneQuestion): Promise<readonly HygieneFinding[]> {
    return (await this.ask({ kind: 'hygiene', question })) as readonly HygieneFinding[]; // Likewise.
  }

  async onModuleDestroy(): Promise<void> {
    await this.worker?.terminate();
    this.worker = null;
  }

  private async ask(request: AnalysisRequest): Promise<unknown> {
    const key = createHash('sha256').update(JSON.stringify(request)).digest('hex');
    const known = this.answers.get(key);
    if (known !== undefined) {
      // Asked again, so the last to be forgotten.
      this.answers.delete(key);
      this.answers.set(key, known);
      return known;
    }
    const turn = this.queue.then(async () => await this.compute(request));
    this.queue = turn.catch(() => {});
    const value = await turn;
    this.answers.set(key, value);
    const [oldest] = this.answers.keys();
    if (this.answers.size > remembered && oldest !== undefined) this.answers.delete(oldest);
    return value;
  }

  private async compute(request: AnalysisRequest): Promise<unknown> {
    const worker = (this.worker ??= this.start());
    return await new Promise((resolve, reject) => {
      const settle = (finish: () => void) => {
        worker.off('message', onMessage).off('error', onError).off('exit', onExit);
        finish();
      };
      const onMessage = (answer: AnalysisAnswer) =>
        settle(() =>
          answer.ok ? resolve(answer.value) : reject(new Error(`analysis of policies: ${answer.message}`)),
        );
      const onError = (error: Error) => settle(() => reject(error));
      const onExit = () => settle(() => reject(new Error('the analysis thread ended before it answered')));
      worker.on('message', onMessage).on('error', onError).on('exit', onExit);
      worker.postMessage(request, []);
    });
  }

  private start(): Worker {
    const worker = new Worker(new URL('./analysis-thread.js', import.meta.url));
    worker.unref();
    worker.on('exit', () => {
      if (this.worker === worker) this.worker = null;
    });
    worker.on('error', () => {});
    return worker;
  }
}
