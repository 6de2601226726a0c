import { parentPort } from 'node:worker_threads';
import type { EstateAnswer, EstateRequest } from './estate-maps.js';
import { AskedEstates } from './questions.js';

/* The program of the thread that computes estates' maps: it takes questions, one after another, and answers them. */

const port = parentPort;
if (port === null) throw new Error('this file is the program of a thread and does nothing by itself');

const estates = new AskedEstates(4);

port.on('message', ({ estate, window, question }: EstateRequest) => {
  let answer: EstateAnswer;
  try {
    const asked = estates.estate(estate, window);
    answer = asked === undefined ? { ok: false, unknown: true } : { ok: true, answer: asked.answer(question) };
  } catch (error) {
    answer = { ok: false, unknown: false, message: error instanceof Error ? error.message : String(error) };
  }
  port.postMessage(answer);
});
