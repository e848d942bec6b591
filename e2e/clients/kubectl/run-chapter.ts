import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../../support/wheelhouse';
import type { Chapter, Step } from './step';

export interface Shell {
  readonly binary: string;
  readonly version: string;
  readonly kubeconfig: string;
  /** A directory of the chapter's own, in which it works. */
  readonly directory: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** Stands as `kubectl` on the path: a program, so that what a line starts in the background is what it ends. */
const WRAPPER = '#!/bin/sh\nexec "$KUBECTL" --namespace "$NS" "$@"\n';
const PATIENCE_MILLISECONDS = 120_000;

/** Types every step in order; the first that is not answered as it should be fails the chapter. */
export async function runChapter(chapter: Chapter, shell: Shell): Promise<void> {
  await mkdir(join(shell.directory, 'bin'), { recursive: true });
  await writeFile(join(shell.directory, 'bin/kubectl'), WRAPPER, { mode: 0o755 });
  for (const step of chapter.steps) {
    if (step.only && !step.only.versions.includes(shell.version)) continue;
    const { line } = step;
    if (step.patiently)
      await eventually(line, async () => {
        check(step, await type(line, shell));
        return true;
      });
    else check(step, await type(line, shell));
  }
}

interface Answer {
  readonly code: number | null;
  readonly output: string;
}

function check({ line, seen, code = 0 }: Step, answer: Answer): void {
  if (answer.code === code && seen.test(answer.output)) return;
  throw new Error(`$ ${line}\nended with ${answer.code}, not ${code} and ${seen}:\n${answer.output}`);
}

function type(line: string, { binary, kubeconfig, directory, variables }: Shell): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', line], {
      cwd: directory,
      // A group of its own, which can be ended as one.
      detached: true,
      env: {
        ...process.env,
        ...variables,
        PATH: `${join(directory, 'bin')}:${process.env.PATH}`,
        KUBECTL: binary,
        KUBECONFIG: kubeconfig,
        NODE: process.execPath,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const read = (chunk: Buffer) => {
      output += chunk;
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    const impatience = setTimeout(() => {
      output += '(it did not end)';
      if (child.pid) process.kill(-child.pid, 'SIGKILL');
    }, PATIENCE_MILLISECONDS);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(impatience);
      resolve({ code, output });
    });
  });
}
