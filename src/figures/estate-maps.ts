import { Worker } from 'node:worker_threads';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { EstateInputs, WindowInputs } from './model.js';
import type { Answers, Question } from './questions.js';

/** Inputs with the digests by which the thread knows them again. */
export interface DigestedInputs {
  readonly estate: { readonly digest: string; readonly inputs: EstateInputs };
  readonly window: { readonly digest: string; readonly inputs: WindowInputs };
}

/** What the thread is asked. Inputs are left out when it may know them. */
export interface EstateRequest {
  readonly estate: { readonly digest: string; readonly inputs: EstateInputs | null };
  readonly window: { readonly digest: string; readonly inputs: WindowInputs | null };
  readonly question: Question;
}

export type EstateAnswer =
  | { readonly ok: true; readonly answer: Answers[Question['kind']] }
  | { readonly ok: false; readonly unknown: true }
  | { readonly ok: false; readonly unknown: false; readonly message: string };

/**
 * Answers questions on who may reach whom, in a thread of its own: the map of ten thousand workloads takes many seconds,
 * and requests and records go on meanwhile. The thread keeps the last few maps by digest; questions wait their turn.
 */
@Injectable()
export class EstateMaps implements OnModuleDestroy {
  private worker: Worker | null = null;
  private readonly pending: {
    readonly resolve: (answer: EstateAnswer) => void;
    readonly reject: (error: Error) => void;
  }[] = [];

  /** @throws Error when the thread fails; the next question starts another */
  async ask<Kind extends Question['kind']>(
    inputs: DigestedInputs,
    question: Extract<Question, { readonly kind: Kind }>,
  ): Promise<Answers[Kind]> {
    const { estate, window } = inputs;
    const digests = { estate: { ...estate, inputs: null }, window: { ...window, inputs: null } };
    let answer = await this.send({ ...digests, question });
    if (!answer.ok && answer.unknown) answer = await this.send({ estate, window, question });
    if (answer.ok) return answer.answer as Answers[Kind]; // the thread answers what it was asked
    throw new Error(answer.unknown ? 'the thread forgot the estate it was given' : answer.message);
  }

  async onModuleDestroy(): Promise<void> {
    await this.worker?.terminate();
  }

  private async send(request: EstateRequest): Promise<EstateAnswer> {
    this.worker ??= this.start();
    const { worker } = this;
    return await new Promise<EstateAnswer>((resolve, reject) => {
      this.pending.push({ resolve, reject });
      worker.ref();
      worker.postMessage(request, []);
    });
  }

  private start(): Worker {
    const worker = new Worker(new URL('./map-thread.js', import.meta.url));
    // Answers come in the order of the questions.
    worker.on('message', (answer: EstateAnswer) => {
      const waiting = this.pending.shift();
      // An idle thread does not keep the process alive; one that works does.
      if (this.pending.length === 0) worker.unref();
      waiting?.resolve(answer);
    });
    const fail = (error: Error): void => {
      if (this.worker === worker) this.worker = null;
      for (const waiting of this.pending.splice(0)) waiting.reject(error);
    };
    worker.on('error', fail);
    worker.on('exit', () => fail(new Error('the thread that computes the map of the estate ended')));
    worker.unref();
    return worker;
  }
}
