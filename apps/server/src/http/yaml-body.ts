import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { badRequest, tooManyRequests } from '@wheelhouse/shared/errors';
import * as yaml from 'yaml';
import { parseJson } from './json-body';
import { readYaml, type YamlLimits, type YamlReading } from './yaml-reader';

/** No deeper than objects are; the parser recurses, and V8 gives a process up that runs out of stack in the wrong place. */
const LIMITS: YamlLimits = { longest: 6 * 1024 * 1024, deepest: 200 };
/** Longer texts are read in a thread of their own: reading YAML is slow, and some of it is made to be. */
const SHORT = 2048;
const LONGEST_MS = 5000;
const MOST_WAITING = 32;
const MEMORY_MB = 512;

/**
 * Parses YAML. Short texts at once; the others in a thread, with a limit on time and memory, so that no text can hold
 * up the other requests. What is JSON is read as such: that is what most clients send under the name of YAML.
 */
export async function parseYaml(text: string, problems?: string[]): Promise<unknown> {
  const json = asJson(text);
  if (json) return parseJson(text, problems);
  const reading = text.length <= SHORT ? readYaml(yaml, text, LIMITS) : await thread.read(text);
  if ('problem' in reading) throw badRequest(`the body is ${reading.problem}`);
  problems?.push(...reading.duplicates);
  return parseJson(reading.json);
}

/** True for a text that is an object in JSON from its first to its last character. */
function asJson(text: string): boolean {
  if (!/^\s*\{/.test(text)) return false;
  try {
    parseJson(text);
    return true;
  } catch {
    // Flow style YAML also begins with a brace.
    return false;
  }
}

interface Job {
  readonly text: string;
  readonly resolve: (reading: YamlReading) => void;
}

/** Source of the thread: the reader itself, and the loop around it. */
function source(): string {
  return `
const { parentPort, workerData } = require('node:worker_threads');
const yaml = require(workerData.yaml);
const read = ${readYaml.toString()};
parentPort.on('message', (text) => parentPort.postMessage(read(yaml, text, workerData.limits)));
`;
}

/** One thread that reads texts in turn. One that takes too long, or too much memory, is ended and replaced. */
class YamlThread {
  #worker: Worker | undefined;
  readonly #waiting: Job[] = [];
  #current: Job | undefined;
  #timer: NodeJS.Timeout | undefined;

  read(text: string): Promise<YamlReading> {
    if (this.#waiting.length >= MOST_WAITING)
      throw tooManyRequests('too many large YAML bodies at a time', 1);
    return new Promise((resolve) => {
      this.#waiting.push({ text, resolve });
      this.#next();
    });
  }

  #next(): void {
    if (this.#current) return;
    const job = this.#waiting.shift();
    if (!job) {
      this.#worker?.unref();
      return;
    }
    this.#current = job;
    const worker = this.#open();
    worker.ref();
    this.#timer = setTimeout(() => this.#fail(worker, 'too much work to read'), LONGEST_MS);
    worker.postMessage(job.text);
  }

  #open(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(source(), {
      eval: true,
      workerData: { yaml: createRequire(import.meta.url).resolve('yaml'), limits: LIMITS },
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
    });
    worker.on('message', (reading: YamlReading) => this.#done(reading));
    worker.on('error', (error) => this.#fail(worker, `not acceptable YAML: ${error.message}`));
    this.#worker = worker;
    return worker;
  }

  #fail(worker: Worker, problem: string): void {
    if (this.#worker === worker) this.#worker = undefined;
    void worker.terminate();
    this.#done({ problem });
  }

  #done(reading: YamlReading): void {
    clearTimeout(this.#timer);
    const job = this.#current;
    this.#current = undefined;
    job?.resolve(reading);
    this.#next();
  }
}

const thread = new YamlThread();
