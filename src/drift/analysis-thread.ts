import { parentPort } from 'node:worker_threads';
import { lintPolicies } from '../policies/hygiene/lint.js';
import { effectOf } from './effect.js';
import type { AnalysisAnswer, AnalysisRequest } from './analysis.js';

/* The program of the analysis thread: takes policies and topologies, gives back what they amount to. */

const port = parentPort;
if (port === null) throw new Error('this file is the program of a thread and does nothing by itself');

port.on('message', (request: AnalysisRequest) => {
  let answer: AnalysisAnswer;
  try {
    answer = { ok: true, value: analysed(request) };
  } catch (error) {
    answer = { ok: false, message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  port.postMessage(answer);
});

function analysed(request: AnalysisRequest): unknown {
  if (request.kind === 'effect') return effectOf(request.question);
  const { topology, policies } = request.question;
  return lintPolicies(topology, policies, { ipBlockMatchesPods: false });
}
